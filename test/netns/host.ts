import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually } from '#test/support/eventually.ts';
import { type CommandResult, command, mustRun } from './command.ts';

/** What a host is made of; composed by the network it is on. */
export interface HostParts {
  readonly name: string;
  readonly namespace: string;
  readonly switchNamespace: string;
  readonly switchPort: string;
  readonly folder: string;
  readonly addresses: readonly string[];
}

/** A machine in a namespace of its own, with one cable to the switch and its own state folder. */
export class Host {
  readonly name: string;
  readonly address: string;
  readonly folder: string;
  readonly namespace: string;
  readonly #parts: HostParts;

  constructor(parts: HostParts) {
    this.name = parts.name;
    this.namespace = parts.namespace;
    this.folder = parts.folder;
    this.address = parts.addresses[0] ?? '';
    this.#parts = parts;
    mkdirSync(parts.folder, { recursive: true });
  }

  async plugIn(gateway: string): Promise<void> {
    const { namespace } = this;
    const { switchNamespace, switchPort, addresses } = this.#parts;
    const peer = ['peer', 'name', switchPort, 'netns', switchNamespace];
    await mustRun(['ip', 'netns', 'add', namespace]);
    const cable = ['link', 'add', 'eth0', 'type', 'veth', ...peer];
    await mustRun(['ip', '-n', namespace, ...cable]);
    const port = ['link', 'set', switchPort, 'master', 'br0', 'up'];
    await mustRun(['ip', '-n', switchNamespace, ...port]);
    await this.ip('link', 'set', 'lo', 'up');
    await this.ip('link', 'set', 'eth0', 'up');
    for (const address of addresses) await this.ip('addr', 'add', `${address}/24`, 'dev', 'eth0');
    await this.ip('route', 'add', 'default', 'via', gateway);
  }

  /** Run a command here to its end. */
  exec(argv: readonly string[], timeoutMs?: number): Promise<CommandResult> {
    return command(this.inside(argv), timeoutMs);
  }

  /** Run a command here that must succeed; its standard output. */
  mustExec(argv: readonly string[], timeoutMs?: number): Promise<string> {
    return mustRun(this.inside(argv), timeoutMs);
  }

  /** Start a long-running command here; its output goes to `NAME.log` in the host's folder. */
  spawn(name: string, argv: readonly string[]): ChildProcess {
    const [file = '', ...args] = this.inside(argv);
    const log = openSync(this.logFile(name), 'a');
    const child = spawn(file, args, { stdio: ['ignore', log, log] });
    closeSync(log);
    return child;
  }

  /** A Unix socket on which this process reaches `target`, an `address:port` the host can reach. */
  async relay(target: string): Promise<string> {
    const socket = join(this.folder, `${target}.sock`);
    const [address = '', port = ''] = target.split(':');
    const script = fileURLToPath(new URL('relay.ts', import.meta.url));
    const argv = [process.execPath, '--import', 'tsx', script, socket, address, port];
    const child = this.spawn(`relay-${target}`, argv);
    await eventually(
      () => (existsSync(socket) ? undefined : `no relay to ${target}: exit ${child.exitCode}`),
      10_000,
    );
    return socket;
  }

  /** The argument list that runs `argv` here, for those who start processes themselves. */
  inside(argv: readonly string[]): string[] {
    return ['ip', 'netns', 'exec', this.namespace, ...argv];
  }

  /** Run a command on this host's network that sees this machine's own /sys, such as `nft`. */
  onNetwork(argv: readonly string[]): Promise<string> {
    return mustRun(['nsenter', `--net=/run/netns/${this.namespace}`, ...argv]);
  }

  logFile(name: string): string {
    return join(this.folder, `${name}.log`);
  }

  /** `ip` on this host's interfaces. */
  async ip(...args: string[]): Promise<string> {
    return mustRun(['ip', '-n', this.namespace, ...args]);
  }

  /** Pull the cable at the switch: peers see silence, as when a machine loses power. */
  async linkDown(): Promise<void> {
    await this.setPort('down');
  }

  async linkUp(): Promise<void> {
    await this.setPort('up');
  }

  /** Namespace and name of both ends of its cable: its own, and the port of the switch. */
  cableEnds(): [namespace: string, device: string][] {
    const { switchNamespace, switchPort } = this.#parts;
    return [
      [this.namespace, 'eth0'],
      [switchNamespace, switchPort],
    ];
  }

  /** Ids of everything running here, children of daemons included. */
  async processes(): Promise<number[]> {
    const pids = await mustRun(['ip', 'netns', 'pids', this.namespace]);
    return pids.split('\n').filter(Boolean).map(Number);
  }

  private async setPort(state: 'up' | 'down'): Promise<void> {
    const { switchNamespace, switchPort } = this.#parts;
    await mustRun(['ip', '-n', switchNamespace, 'link', 'set', switchPort, state]);
  }
}
