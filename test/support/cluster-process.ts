import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { eventually } from '#test/support/eventually.ts';
import { callRpc, type RpcTarget } from '#test/support/json-rpc.ts';

/** Where the cluster's processes run: on this machine, or on a host in a network of namespaces. */
export interface Ground {
  /** The argument list that runs `argv` there. */
  inside(argv: readonly string[]): string[];
  /** A Unix socket on which this process reaches `address:port` there. */
  relay?(target: string): Promise<string>;
}

export interface ClusterOptions {
  readonly frontDoor: string;
  /** `address:port` of each member. */
  readonly members: readonly string[];
  /** Members on each of their machines; the further ones are on free ports. */
  readonly cores?: number;
  /** For state, logs and everything else the cluster writes; kept when it ends. */
  readonly folder: string;
  readonly adminPassword?: string;
  /** When the local group replaces a member that is gone. */
  readonly replaceAfterSeconds?: number;
  readonly ground?: Ground;
}

const memberState = z.object({
  id: z.string(),
  address: z.string(),
  port: z.number(),
  pid: z.number(),
  /** Where something watches over the agent: `pid` is that, this is the agent itself. */
  agentPid: z.number().optional(),
  state: z.string(),
});
const clusterState = z.object({
  ready: z.boolean(),
  frontDoor: z.object({ address: z.string(), port: z.number() }),
  admin: z.object({ url: z.string(), password: z.string() }),
  members: z.array(memberState),
});
/** The state file of `npm start`, kept current by it. */
export type ClusterState = z.infer<typeof clusterState>;
export type MemberState = z.infer<typeof memberState>;

/** Synthesis, bundling and three joins; 10-20 s on two idle cores. */
const readyLimitMs = 120_000;
const stopLimitMs = 15_000;
const loopback: Ground = { inside: (argv) => [...argv] };

/** Our own cluster, started as a user would start it. */
export class ClusterProcess {
  readonly frontDoor: string;
  readonly #options: ClusterOptions;
  readonly #child: ChildProcess;
  #admin: RpcTarget = { url: '', password: '' };

  private constructor(options: ClusterOptions, child: ChildProcess) {
    this.frontDoor = options.frontDoor;
    this.#options = options;
    this.#child = child;
  }

  static async start(options: ClusterOptions): Promise<ClusterProcess> {
    mkdirSync(options.folder, { recursive: true });
    const start = fileURLToPath(new URL('../../cdk/local/start.mjs', import.meta.url));
    const argv = [process.execPath, start, '--front-door', options.frontDoor];
    for (const member of options.members) argv.push('--member', member);
    argv.push('--cores', String(options.cores ?? 1));
    argv.push('--admin-password', options.adminPassword ?? 'admin-pw');
    argv.push('--state', join(options.folder, 'cluster.json'));
    argv.push('--data', join(options.folder, 'data'));
    argv.push('--replace-after', String(options.replaceAfterSeconds ?? 60));
    const [file = '', ...args] = (options.ground ?? loopback).inside(argv);
    const log = openSync(join(options.folder, 'cluster.log'), 'a');
    const child = spawn(file, args, { stdio: ['ignore', log, log] });
    closeSync(log);
    const cluster = new ClusterProcess(options, child);
    await cluster.ready(options.members.length * (options.cores ?? 1));
    return cluster;
  }

  /** The process a user would have started; all others are below it. */
  get pid(): number {
    assert(this.#child.pid !== undefined, 'the process was started');
    return this.#child.pid;
  }

  /** The state file as it is now. */
  state(): ClusterState {
    return clusterState.parse(JSON.parse(readFileSync(this.stateFile, 'utf8')));
  }

  members(): readonly MemberState[] {
    return this.state().members;
  }

  /** One administrator's call, by SoftEther's JSON-RPC names (protocol/07). */
  rpc(method: string, params: Readonly<Record<string, unknown>> = {}, as: Partial<RpcTarget> = {}) {
    return callRpc({ ...this.#admin, ...as }, method, params);
  }

  /** Signal one member's process; when that happened, Unix milliseconds. */
  killMember(id: string, signal: 'SIGKILL' | 'SIGTERM'): number {
    const member = this.members().find((candidate) => candidate.id === id);
    if (!member) throw new Error(`no member ${id}`);
    const atMs = Date.now();
    process.kill(member.pid, signal);
    return atMs;
  }

  /** Wait until this many members are active. */
  async membersActive(count: number, limitMs: number): Promise<void> {
    await eventually(() => {
      const states = this.members().map((member) => `${member.id} ${member.state}`);
      const active = this.members().filter((member) => member.state === 'active').length;
      return active >= count ? undefined : `${active} of ${count} active: ${states.join(', ')}`;
    }, limitMs);
  }

  /** What the cluster printed and what functions and members logged, each file in turn. */
  logs(): string {
    const folder = join(this.#options.folder, 'data', 'logs');
    const names = existsSync(folder) ? readdirSync(folder).sort() : [];
    const files = [this.printed, ...names.map((name) => join(folder, name))];
    return files.map((file) => readFileSync(file, 'utf8')).join('\n');
  }

  /** End it as Ctrl-C does; an error if it does not end. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit', { signal: AbortSignal.timeout(stopLimitMs) });
    this.#child.kill('SIGINT');
    try {
      await exited;
    } catch (cause) {
      this.#child.kill('SIGKILL');
      throw new Error(`the cluster did not end on SIGINT:\n${this.lastLines()}`, { cause });
    }
  }

  private async ready(memberCount: number): Promise<void> {
    try {
      await eventually(() => this.whyNotReady(), readyLimitMs);
    } catch (cause) {
      this.#child.kill('SIGKILL');
      throw new Error(`the cluster did not get ready\n${this.lastLines()}`, { cause });
    }
    const { admin } = this.state();
    const { host } = new URL(admin.url);
    const socketPath = await this.#options.ground?.relay?.(
      host.includes(':') ? host : `${host}:443`,
    );
    this.#admin = { ...admin, ...(socketPath === undefined ? {} : { socketPath }) };
    await this.membersActive(memberCount, readyLimitMs);
  }

  private whyNotReady(): string | undefined {
    const { exitCode, signalCode } = this.#child;
    // An exit is final: report it at once rather than after the limit.
    if (exitCode !== null || signalCode !== null) {
      throw new Error(`it ended by itself (${exitCode ?? signalCode})`);
    }
    if (!existsSync(this.stateFile)) return 'no state file yet';
    return this.state().ready ? undefined : 'the state file says not ready';
  }

  private get stateFile(): string {
    return join(this.#options.folder, 'cluster.json');
  }

  private get printed(): string {
    return join(this.#options.folder, 'cluster.log');
  }

  private lastLines(): string {
    return readFileSync(this.printed, 'utf8').split('\n').slice(-30).join('\n');
  }
}
