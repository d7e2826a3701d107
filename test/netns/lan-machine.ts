import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { eventually } from '#test/support/eventually.ts';
import { type CommandResult, command, mustRun } from './command.ts';
import type { Host } from './host.ts';

const device = 'lan0';
const program = fileURLToPath(new URL('lan-program.ts', import.meta.url));
const startLimitMs = 15_000;

/**
 * A machine on a site's own network, with no other way out: behind the device that a genuine
 * program on `host` bridges. Removed with the network it belongs to.
 */
export class LanMachine {
  readonly #namespace: string;

  private constructor(namespace: string) {
    this.#namespace = namespace;
  }

  /** Put `port`, such as a TAP device, and a new machine on one switch at `host`. */
  static async behind(host: Host, port: string): Promise<LanMachine> {
    const machine = new LanMachine(`${host.namespace}-lan`);
    await mustRun(['ip', 'netns', 'add', machine.#namespace]);
    await host.ip('link', 'add', 'lan', 'type', 'bridge', 'mcast_snooping', '0');
    const cable = ['type', 'veth', 'peer', 'name', device, 'netns', machine.#namespace];
    await host.ip('link', 'add', 'lan1', ...cable);
    for (const name of [port, 'lan1']) await host.ip('link', 'set', name, 'master', 'lan', 'up');
    await host.ip('link', 'set', 'lan', 'up');
    await machine.ip('link', 'set', 'lo', 'up');
    await machine.ip('link', 'set', device, 'up');
    for (const to of ['255.255.255.255/32', '224.0.0.0/4']) {
      await machine.ip('route', 'add', to, 'dev', device);
    }
    return machine;
  }

  async setAddress(address: string): Promise<void> {
    await this.ip('addr', 'add', `${address}/24`, 'dev', device);
  }

  /** Wait until `address` answers. */
  async reaches(address: string, limitMs: number): Promise<void> {
    await eventually(async () => {
      const { code } = await this.exec(['ping', '-n', '-c', '1', '-W', '1', address]);
      return code === 0 ? undefined : `${this.#namespace} gets no answer from ${address}`;
    }, limitMs);
  }

  /** `ping` with these arguments; what it counted. */
  async ping(...args: string[]): Promise<{ sent: number; received: number; leastMs: number }> {
    const { stdout } = await this.exec(['ping', '-n', '-q', ...args], 60_000);
    const [, sent, received] = /(\d+) packets transmitted, (\d+) received/.exec(stdout) ?? [];
    const [, leastMs] = /= ([\d.]+)\//.exec(stdout) ?? [];
    return { sent: Number(sent), received: Number(received), leastMs: Number(leastMs ?? 0) };
  }

  /** Ask for an address as a machine without one does. */
  async leaseByDhcp(limitMs: number): Promise<string> {
    const { code, stdout, stderr } = await this.exec(this.runs('dhcp-client'), limitMs);
    if (code !== 0) throw new Error(`no lease: ${stdout}${stderr}`);
    return stdout.trim();
  }

  /** Hand out the address `lease` until the network is closed. */
  serveDhcp(server: string, lease: string): Promise<Running> {
    return Running.start(this.inside(this.runs('dhcp-server', server, lease)));
  }

  /** Print what a multicast group says. */
  listen(own: string, group: string): Promise<Running> {
    return Running.start(this.inside(this.runs('listen', own, group)));
  }

  /** Say `text` to a multicast group, ten times a second until ended. */
  shout(own: string, group: string, text: string): Promise<Running> {
    return Running.start(this.inside(this.runs('shout', own, group, text)));
  }

  exec(argv: readonly string[], timeoutMs?: number): Promise<CommandResult> {
    return command(this.inside(argv), timeoutMs);
  }

  private ip(...args: string[]): Promise<string> {
    return mustRun(['ip', '-n', this.#namespace, ...args]);
  }

  private runs(...args: string[]): string[] {
    return [process.execPath, '--import', 'tsx', program, ...args];
  }

  private inside(argv: readonly string[]): string[] {
    return ['ip', 'netns', 'exec', this.#namespace, ...argv];
  }
}

/** A program that says `ready`, then what it hears, a line each. */
class Running {
  readonly heard: string[] = [];
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
    if (child.stdout === null) throw new Error('its output is a pipe');
    createInterface({ input: child.stdout }).on('line', (line) => this.heard.push(line));
  }

  static async start(argv: readonly string[]): Promise<Running> {
    const [file = '', ...args] = argv;
    const running = new Running(spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] }));
    await eventually(() => {
      if (running.heard.shift() === 'ready') return undefined;
      return `${argv.at(-1)} is not ready, exit ${running.#child.exitCode}`;
    }, startLimitMs);
    return running;
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }
}
