import { GenuineServer } from '#test/netns/genuine-server.ts';
import type { Host } from '#test/netns/host.ts';
import type { Login, ServerUnderTest } from './server-under-test.ts';

const login = { kind: 'password', user: 'alice', password: 'pw-alice' } as const;

/** A genuine VPN Server with one hub and one user. */
export class GenuineHub implements ServerUnderTest {
  readonly title = 'genuine';
  readonly port = 443;
  readonly hub = 'BENCH';
  readonly helperPids = [];
  readonly host: Host;

  private constructor(host: Host) {
    this.host = host;
  }

  static async start(host: Host): Promise<GenuineHub> {
    const genuine = new GenuineHub(host);
    const server = await GenuineServer.start(host);
    await server.admin('HubCreate', genuine.hub, '/PASSWORD:none');
    await server.createUser(genuine.hub, login.user, login.password);
    // Ours writes no packets to disk either.
    for (const log of ['LogDisable packet', 'LogDisable security']) {
      await server.hubAdmin(genuine.hub, ...log.split(' '));
    }
    return genuine;
  }

  get address(): string {
    return this.host.address;
  }

  pids(): Promise<number[]> {
    return this.host.processes();
  }

  async logins(count: number): Promise<Login[]> {
    return Array.from({ length: count }, () => login);
  }
}
