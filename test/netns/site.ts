import { eventually } from '#test/support/eventually.ts';
import type { Cascade } from './genuine-bridge.ts';
import { GenuineProgram } from './genuine-program.ts';
import type { Host } from './host.ts';
import { LanMachine } from './lan-machine.ts';
import { properties, type Row } from './vpncmd.ts';

/** A bridge has exactly one hub, of this name; a server gets one. */
const siteHub = 'BRIDGE';
const cascadeName = 'cascade';
const deviceName = 'site';
const device = `tap_${deviceName}`;

/** A site: a network with one machine, and a genuine VPN Bridge or Server that cascades it. */
export class Site {
  readonly host: Host;
  readonly machine: LanMachine;
  readonly #program: GenuineProgram;

  private constructor(program: GenuineProgram, machine: LanMachine) {
    this.host = program.host;
    this.machine = machine;
    this.#program = program;
  }

  static async start(host: Host, name: 'vpnbridge' | 'vpnserver'): Promise<Site> {
    const program = await GenuineProgram.start(host, name);
    if (name === 'vpnserver') await program.command(['HubCreate', siteHub, '/PASSWORD:none']);
    await program.command(['BridgeCreate', siteHub, `/DEVICE:${deviceName}`, '/TAP:yes']);
    await eventually(async () => {
      const result = await host.exec(['ip', 'link', 'show', device]);
      return result.code === 0 ? undefined : `${host.name} has no device ${device}`;
    }, 10_000);
    return new Site(program, await LanMachine.behind(host, device));
  }

  async cascade(to: Cascade): Promise<void> {
    const target = [`/SERVER:${to.server}`, `/HUB:${to.hub}`, `/USERNAME:${to.user}`];
    await this.hub('CascadeCreate', cascadeName, ...target);
    const password = [`/PASSWORD:${to.password}`, '/TYPE:standard'];
    await this.hub('CascadePasswordSet', cascadeName, ...password);
    await this.hub('CascadeOnline', cascadeName);
  }

  /** Wait until the cascade stands with this many connections. */
  async established(connections: number, limitMs: number): Promise<void> {
    await eventually(async () => {
      const status = await this.status();
      const text = status.get('Session Status') ?? '';
      if (!text.includes('Session Established')) return `${this.host.name}: "${text}"`;
      const now = Number(status.get('Number of TCP Connections'));
      return now >= connections ? undefined : `${this.host.name}: ${now} of ${connections}`;
    }, limitMs);
  }

  /** What the program says of its cascade. */
  async status(): Promise<Row> {
    return properties(await this.hub('CascadeStatusGet', cascadeName));
  }

  private hub(...args: string[]): Promise<readonly Row[]> {
    return this.#program.command(args, { hub: siteHub });
  }
}
