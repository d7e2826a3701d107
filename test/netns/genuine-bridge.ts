import { eventually } from '#test/support/eventually.ts';
import { GenuineProgram } from './genuine-program.ts';
import type { Host } from './host.ts';
import { properties } from './vpncmd.ts';

/** A bridge has exactly one hub, of this name. */
const bridgeHub = 'BRIDGE';
const cascadeName = 'cascade';
const deviceName = 'site';
/** SoftEther puts this before the name of a TAP device it makes. */
const device = `tap_${deviceName}`;

/** Where the cascade goes and as whom; always a password user. */
export interface Cascade {
  readonly server: string;
  readonly hub: string;
  readonly user: string;
  readonly password: string;
}

/** A genuine VPN Bridge: a site's network, here a TAP device, cascaded into a hub. */
export class GenuineBridge {
  readonly host: Host;
  readonly #program: GenuineProgram;

  private constructor(program: GenuineProgram) {
    this.host = program.host;
    this.#program = program;
  }

  static async start(host: Host, tapAddress: string): Promise<GenuineBridge> {
    const program = await GenuineProgram.start(host, 'vpnbridge');
    await program.command(['BridgeCreate', bridgeHub, `/DEVICE:${deviceName}`, '/TAP:yes']);
    await eventually(async () => {
      const result = await host.exec(['ip', 'link', 'show', device]);
      return result.code === 0 ? undefined : `${host.name} has no device ${device}`;
    }, 10_000);
    await host.ip('addr', 'add', `${tapAddress}/24`, 'dev', device);
    await host.ip('link', 'set', device, 'up');
    return new GenuineBridge(program);
  }

  async cascade(to: Cascade): Promise<void> {
    await this.hub(
      'CascadeCreate',
      cascadeName,
      `/SERVER:${to.server}`,
      `/HUB:${to.hub}`,
      `/USERNAME:${to.user}`,
    );
    const password = [`/PASSWORD:${to.password}`, '/TYPE:standard'];
    await this.hub('CascadePasswordSet', cascadeName, ...password);
    await this.hub('CascadeOnline', cascadeName);
  }

  /** Wait until the cascade stands with this many connections. */
  async established(connections: number, limitMs: number): Promise<void> {
    await eventually(async () => {
      const rows = await this.hub('CascadeStatusGet', cascadeName);
      const status = properties(rows);
      const text = status.get('Session Status') ?? '';
      if (!text.includes('Session Established')) return `the cascade is "${text}"`;
      const now = Number(status.get('Number of TCP Connections'));
      return now >= connections
        ? undefined
        : `the cascade has ${now} of ${connections} connections`;
    }, limitMs);
  }

  private hub(...args: string[]) {
    return this.#program.command(args, { hub: bridgeHub });
  }
}
