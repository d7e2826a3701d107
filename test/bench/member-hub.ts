import { spawn } from 'node:child_process';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodeFlags } from '#cdk/constructs/agent-unit.ts';
import type { Host } from '#test/netns/host.ts';
import { bundledMain } from '#test/support/agent-process.ts';
import { eventually } from '#test/support/eventually.ts';
import type { TicketOptions } from '#test/support/fake-control-plane.ts';
import type { MemberPlane } from './member-plane.ts';
import { RemoteProcess } from './remote-calls.ts';
import type { Login, ServerUnderTest } from './server-under-test.ts';

export interface MemberOptions {
  /** The runtime, and its options. */
  readonly node: string;
  readonly nodeOptions: readonly string[];
  /** A bundle made earlier, to be compared with this one. */
  readonly program: string | undefined;
  /** What Welcome names; a genuine server says 20 s. */
  readonly sessionTimeoutMs: number;
  /** How long the control plane thinks about a ticket. */
  readonly redeemDelayMs: number;
}

/** Our member as it is deployed: the bundle in a process of its own, with a stand-in behind it. */
export class MemberHub implements ServerUnderTest {
  readonly title = 'etherfleet';
  readonly port = 443;
  readonly hub = 'BENCH';
  readonly host: Host;
  readonly #pid: number;
  readonly #plane: RemoteProcess<MemberPlane>;
  readonly #options: MemberOptions;

  private constructor(
    host: Host,
    pid: number,
    plane: RemoteProcess<MemberPlane>,
    options: MemberOptions,
  ) {
    this.host = host;
    this.#pid = pid;
    this.#plane = plane;
    this.#options = options;
  }

  static async start(host: Host, options: MemberOptions): Promise<MemberHub> {
    const script = new URL('member-plane.ts', import.meta.url);
    const plane = new RemoteProcess<MemberPlane>(script, (argv) => host.inside(argv));
    const { planeUrl, imdsUrl } = await plane.call('start', options);
    const config = join(host.folder, 'agent.json');
    const listen = { address: '0.0.0.0', ports: [443] };
    const common = { region: 'eu-central-1', capacity: 60_000, weight: 100 };
    writeFileSync(config, JSON.stringify({ agentApiUrl: planeUrl, ...common, listen }));
    const program = [...nodeFlags, ...options.nodeOptions, options.program ?? bundledMain()];
    const argv = host.inside([options.node, ...program, '--config', config]);
    const log = openSync(host.logFile('member'), 'a');
    const child = spawn(argv[0] ?? '', argv.slice(1), {
      cwd: host.folder,
      env: { PATH: process.env['PATH'], AWS_EC2_METADATA_SERVICE_ENDPOINT: imdsUrl },
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    await eventually(async () => {
      if (child.exitCode !== null) throw new Error(`the member ended: ${host.logFile('member')}`);
      return (await plane.call('heartbeats', null)) > 0 ? undefined : 'no heartbeat';
    }, 20_000);
    return new MemberHub(host, child.pid ?? 0, plane, options);
  }

  get address(): string {
    return this.host.address;
  }

  get helperPids(): number[] {
    return [this.#plane.pid];
  }

  /** `ip netns exec` becomes what it starts. */
  async pids(): Promise<number[]> {
    return [this.#pid];
  }

  logins(count: number): Promise<Login[]> {
    return this.issue(count, {});
  }

  /** So many tickets that admit to this. */
  async issue(count: number, grant: TicketOptions): Promise<Login[]> {
    const { sessionTimeoutMs } = this.#options;
    const common = { count, hub: this.hub, sessionTimeoutMs };
    const tickets = await this.#plane.call('issue', { ...common, ...grant });
    return tickets.map((ticketHex) => ({ kind: 'ticket', ticketHex }));
  }
}
