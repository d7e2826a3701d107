import { type ChildProcess, spawn } from 'node:child_process';
import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle, memberProgram } from '#cdk/constructs/bundle.ts';
import { eventually } from './eventually.ts';
import { FakeControlPlane } from './fake-control-plane.ts';
import { FakeImds } from './fake-imds.ts';

/** Bundled as it is deployed, once for all processes of a test file. */
let bundled: string | undefined;

export function bundledMain(): string {
  if (bundled === undefined) {
    const folder = mkdtempSync(join(tmpdir(), 'etherfleet-bundle-'));
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
    bundle(memberProgram, folder);
    bundled = join(folder, 'main.mjs');
  }
  return bundled;
}

export interface LogLine {
  readonly event: string;
  readonly [field: string]: unknown;
}

/** A member as it runs in earnest: `main.ts` in a process of its own. */
export class AgentProcess {
  readonly plane = new FakeControlPlane();
  readonly imds = new FakeImds();
  readonly #folder = mkdtempSync(join(tmpdir(), 'etherfleet-agent-'));
  readonly #runtimeOptions: readonly string[];
  /** Where its log goes instead of here. */
  readonly #logFile: string | undefined;
  #output = '';
  #child: ChildProcess | undefined;
  /** Exit code, once it has ended; the signal's name if one killed it. */
  exited: number | string | undefined;
  port = 0;

  constructor(runtimeOptions: readonly string[] = [], logFile?: string) {
    this.#runtimeOptions = ['--enable-source-maps', ...runtimeOptions];
    this.#logFile = logFile;
  }

  async prepare(): Promise<this> {
    await this.plane.open();
    await this.imds.open();
    this.port = await freePort();
    return this;
  }

  /** Start `main.ts` with this configuration file; a string is written as it is. */
  start(config: unknown = this.config(), options: readonly string[] = []): this {
    const path = join(this.#folder, 'agent.json');
    writeFileSync(path, typeof config === 'string' ? config : JSON.stringify(config));
    return this.startWith(['--config', path, ...options]);
  }

  startWith(args: readonly string[]): this {
    const log = this.#logFile === undefined ? undefined : openSync(this.#logFile, 'a');
    const child = spawn(process.execPath, [...this.#runtimeOptions, bundledMain(), ...args], {
      env: { PATH: '', AWS_EC2_METADATA_SERVICE_ENDPOINT: this.imds.url },
      stdio: ['ignore', log ?? 'pipe', 'pipe'],
    });
    if (log !== undefined) closeSync(log);
    const append = (chunk: Buffer): void => {
      this.#output += chunk.toString();
    };
    child.stdout?.on('data', append);
    child.stderr?.on('data', append);
    child.on('exit', (code, signal) => {
      this.exited = code ?? signal ?? 'unknown';
    });
    this.#child = child;
    return this;
  }

  config(): Record<string, unknown> {
    return {
      agentApiUrl: this.plane.url,
      region: 'eu-central-1',
      capacity: 100,
      weight: 100,
      listen: { address: '127.0.0.1', ports: [this.port] },
    };
  }

  get output(): string {
    return this.#output;
  }

  lines(event: string): LogLine[] {
    return this.#output
      .split('\n')
      .filter((line) => line.startsWith('{') && line.endsWith('}'))
      .map((line) => JSON.parse(line) as LogLine)
      .filter((line) => line.event === event);
  }

  /** Resident memory, bytes. */
  rssBytes(): number {
    const status = readFileSync(`/proc/${this.#child?.pid}/status`, 'latin1');
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
  }

  /** Files, sockets and the like it has open. */
  openFiles(): number {
    return readdirSync(`/proc/${this.#child?.pid}/fd`).length;
  }

  async joined(): Promise<void> {
    await eventually(
      () => (this.plane.heartbeats.length > 0 ? undefined : `no heartbeat: ${this.#output}`),
      20_000,
    );
  }

  signal(name: NodeJS.Signals): void {
    this.#child?.kill(name);
  }

  async ended(limitMs = 20_000): Promise<number | string> {
    await eventually(
      () => (this.exited === undefined ? `running: ${this.#output}` : undefined),
      limitMs,
    );
    return this.exited ?? 'running';
  }

  async close(): Promise<void> {
    if (this.exited === undefined) {
      this.signal('SIGKILL');
      await this.ended();
    }
    await this.plane.close();
    await this.imds.close();
    rmSync(this.#folder, { recursive: true });
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
