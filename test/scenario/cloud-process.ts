import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ReconnectingSession, type ReconnectingState } from '#node-agent/dial/reconnecting.ts';
import { systemClock, systemRandom, systemTimers } from '#node-agent/system.ts';
import { silentLog } from '#shared/kernel/log.ts';
import { eventually } from '#test/support/eventually.ts';
import { callRpc } from '#test/support/json-rpc.ts';

const start = fileURLToPath(new URL('../../cdk/local/start.mjs', import.meta.url));
const readyLimitMs = 120_000;
const stopLimitMs = 15_000;
const activeLimitMs = 30_000;

interface State {
  readonly admin: { readonly url: string; readonly password: string };
  readonly members: readonly {
    readonly id: string;
    readonly port: number;
    readonly pid: number;
    readonly agentPid: number;
    readonly state: string;
  }[];
}

const isActive = (state: string): boolean => state === 'active';

export interface CloudOptions {
  /** As `cdk deploy -c`: `name=value` each. */
  readonly context?: readonly string[];
  /** So many of the members at first; then the template decides. */
  readonly desired?: number;
}

/** The local cloud as a process that leads a group, so that all a user started can be killed. */
export class CloudProcess {
  readonly frontDoorPort: number;
  private readonly folder: string;
  private readonly name: string;
  private readonly context: readonly string[];
  private readonly memberCount: number;
  private readonly desired: number | undefined;
  private child: ChildProcess | undefined;

  /** Members are on the ports after the front door's. */
  constructor(
    frontDoorPort: number,
    memberCount: number,
    folder: string,
    name = 'cluster',
    { context = [], desired }: CloudOptions = {},
  ) {
    this.context = context;
    this.desired = desired;
    this.name = name;
    this.frontDoorPort = frontDoorPort;
    this.memberCount = memberCount;
    this.folder = folder;
  }

  launch(): void {
    const { frontDoorPort: port, folder } = this;
    const argv = [start, '--front-door', `127.0.0.1:${port}`, '--replace-after', '1'];
    for (let number = 1; number <= this.memberCount; number += 1) {
      argv.push('--member', `127.0.0.1:${port + number}`);
    }
    argv.push('--admin-password', 'admin-pw', '--data', join(folder, 'data'));
    argv.push('--state', this.stateFile);
    if (this.desired !== undefined) argv.push('--desired', String(this.desired));
    for (const text of this.context) argv.push('--context', text);
    const log = openSync(this.printedFile, 'w');
    this.child = spawn(process.execPath, argv, { stdio: ['ignore', log, log], detached: true });
    closeSync(log);
  }

  /** Launch it, and wait until it is ready. */
  async start(): Promise<void> {
    this.launch();
    await this.ready();
  }

  async ready(): Promise<void> {
    await eventually(() => {
      if (this.child?.exitCode !== null) throw new Error(`it ended:\n${this.printed()}`);
      return this.printed().includes('Ctrl-C ends everything') ? undefined : this.printed();
    }, readyLimitMs);
    await eventually(() => {
      const states = this.state().members.map(({ state }) => state);
      const wanted = this.desired ?? this.memberCount;
      const isReady = states.length === wanted && states.every(isActive);
      return isReady ? undefined : states.join();
    }, activeLimitMs);
  }

  /** Wait until it has said so. */
  async says(words: string): Promise<void> {
    await eventually(() => (this.printed().includes(words) ? undefined : 'not said'), readyLimitMs);
  }

  async membersActive(count: number, limitMs = activeLimitMs): Promise<void> {
    await eventually(() => {
      const states = this.state().members.map(({ state }) => state);
      const active = states.filter(isActive).length;
      return active === count && states.length === count ? undefined : states.join();
    }, limitMs);
  }

  /** Its state is told in a file. */
  get isReady(): boolean {
    return existsSync(this.stateFile);
  }

  state(): State {
    return JSON.parse(readFileSync(this.stateFile, 'utf8')) as State;
  }

  printed(): string {
    return existsSync(this.printedFile) ? readFileSync(this.printedFile, 'utf8') : '';
  }

  rpc(method: string, params: Readonly<Record<string, unknown>> = {}): ReturnType<typeof callRpc> {
    const url = `https://127.0.0.1:${this.frontDoorPort}/api/`;
    return callRpc({ url, password: 'admin-pw' }, method, params);
  }

  /** kill -9 of everything in the process group of what the user started. */
  async kill(): Promise<void> {
    const { child } = this;
    if (child?.pid === undefined) return;
    const exited = child.exitCode === null && child.signalCode === null && once(child, 'exit');
    process.kill(-child.pid, 'SIGKILL');
    await exited;
  }

  async stop(): Promise<void> {
    const { child } = this;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit', { signal: AbortSignal.timeout(stopLimitMs) });
    child.kill('SIGINT');
    await exited;
  }

  /** A client that comes back by itself, with a genuine client's protocol. */
  dial(
    hub: string,
    user: string,
    onState: (state: ReconnectingState) => void = () => undefined,
  ): ReconnectingSession {
    return new ReconnectingSession({
      ...{ address: '127.0.0.1', port: this.frontDoorPort, hub, user },
      credential: { kind: 'password', password: 'secret' },
      clock: systemClock,
      timers: systemTimers,
      random: systemRandom,
      log: silentLog,
      ...{ retryIntervalMs: 1_000, retryJitter: 0, onState },
    });
  }

  private get stateFile(): string {
    return join(this.folder, `${this.name}.json`);
  }

  private get printedFile(): string {
    return join(this.folder, `${this.name}.log`);
  }
}
