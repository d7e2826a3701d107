import { eventually } from '#test/support/eventually.ts';
import { callRpc } from '#test/support/json-rpc.ts';
import { GenuineProgram } from './genuine-program.ts';
import type { Host } from './host.ts';
import { type Row, VpncmdError } from './vpncmd.ts';

const adminPassword = 'genuine-admin';
/** Setting a cluster role restarts the services; the members need up to 35 s to come back. */
const roleLimitMs = 60_000;

/** A genuine VPN Server, alone or in a genuine cluster: what ours is compared with. */
export class GenuineServer {
  readonly host: Host;
  #program: GenuineProgram;
  #relay: Promise<string> | undefined;

  private constructor(program: GenuineProgram) {
    this.host = program.host;
    this.#program = program;
  }

  static async start(host: Host): Promise<GenuineServer> {
    const program = await GenuineProgram.start(host, 'vpnserver');
    await program.command(['ServerPasswordSet', adminPassword]);
    const server = new GenuineServer(program);
    // It would otherwise hold keep-alive and DDNS traffic against a network that is not there.
    await server.admin('KeepDisable');
    return server;
  }

  admin(...args: string[]): Promise<readonly Row[]> {
    return this.#program.command(args, { password: adminPassword });
  }

  /** A command on one hub. */
  hubAdmin(hub: string, ...args: string[]): Promise<readonly Row[]> {
    return this.#program.command(args, { password: adminPassword, hub });
  }

  /** A call of its JSON-RPC: a tenth of what starting vpncmd costs. */
  async rpc(
    method: string,
    params: Readonly<Record<string, unknown>>,
  ): Promise<Record<string, unknown>> {
    this.#relay ??= this.host.relay(`${this.host.address}:443`);
    const target = { url: 'https://localhost', password: adminPassword };
    return callRpc({ ...target, socketPath: await this.#relay }, method, params);
  }

  async createUser(hub: string, user: string, password: string): Promise<void> {
    await this.hubAdmin(hub, 'UserCreate', user, '/GROUP:none', '/REALNAME:none', '/NOTE:none');
    await this.hubAdmin(hub, 'UserPasswordSet', user, `/PASSWORD:${password}`);
  }

  /** Become the controller that only controls, and wait until it answers as one. */
  async becomeController(): Promise<void> {
    await this.admin('ClusterSettingController', '/WEIGHT:100', '/ONLY:yes');
    await eventually(async () => {
      try {
        await this.admin('ClusterMemberList');
        return undefined;
      } catch (error) {
        return `${this.host.name} is no controller yet: ${String(error)}`;
      }
    }, roleLimitMs);
  }

  /** Become a member; {@link membersSeen} on the controller tells when it has joined. */
  async becomeMember(controller: Host): Promise<void> {
    try {
      await this.admin(
        'ClusterSettingMember',
        `${controller.address}:443`,
        `/IP:${this.host.address}`,
        '/PORTS:443',
        `/PASSWORD:${adminPassword}`,
        '/WEIGHT:100',
      );
    } catch (error) {
      // The restart may cut the command's own connection; joining is checked elsewhere.
      if (!(error instanceof VpncmdError)) throw error;
    }
  }

  /** Wait until the controller lists this many servers, itself included. */
  async membersSeen(count: number): Promise<void> {
    await eventually(async () => {
      const rows = await this.admin('ClusterMemberList').catch(() => []);
      return rows.length >= count ? undefined : `${rows.length} of ${count} servers in the cluster`;
    }, roleLimitMs);
  }

  /** End it: by SIGKILL at once, by SIGTERM in its own way; SIGSTOP freezes it. */
  async end(signal: 'SIGKILL' | 'SIGTERM' | 'SIGSTOP' | 'SIGCONT'): Promise<void> {
    await this.#program.end(signal);
  }

  /** Kill the working process; its own parent starts it again. When, Unix milliseconds. */
  crash(): Promise<number> {
    return this.#program.crash();
  }

  /** Start a killed server again on the state it left; a member joins by itself. */
  async restart(): Promise<void> {
    this.#program = await GenuineProgram.start(this.host, 'vpnserver', adminPassword);
  }
}
