import { readAccessRule } from '#functions/admin/access-fields.ts';
import { Fields } from '#functions/admin/fields.ts';
import { defaultHubOptions, hubOptionWireNames } from '#shared/contract/hub-options.ts';
import { defaultPolicy, type Policy, policyFields } from '#shared/wire/policy.ts';
import { MemberHub } from '#test/bench/member-hub.ts';
import { RemoteProcess } from '#test/bench/remote-calls.ts';
import type { Login } from '#test/bench/server-under-test.ts';
import { GenuineServer } from '#test/netns/genuine-server.ts';
import type { Host } from '#test/netns/host.ts';
import { Network } from '#test/netns/network.ts';
import type { FramePlayer, Heard } from './frame-player.ts';
import { type Scenario, type StationName, stationNames, type Who } from './hub-scenario.ts';
import { markerRule } from './marker.ts';

const password = 'pw';
const memberOptions = {
  node: process.execPath,
  nodeOptions: [],
  program: undefined,
  sessionTimeoutMs: 20_000,
  redeemDelayMs: 0,
};
/** Who is said to have come by IPv6 is another question, which one scenario asks. */
const commonOptions = { noIpV6DefaultRouterInRaWhenIpV6: false };
/** Ours neither asks for addresses nor mends checksums (ADR 0027). */
const genuineOnly = {
  NoAddressPollingIPv4: 1,
  NoAddressPollingIPv6: 1,
  DisableCorrectIpOffloadChecksum: 1,
};

export interface HeardOnBoth {
  readonly genuine: Heard;
  readonly ours: Heard;
}

type Logins = Readonly<Record<StationName, Login>>;

/** A genuine server and a member of ours, in which a scenario is played at the same time. */
export class TwoHubs {
  readonly #network: Network;
  readonly #genuine: GenuineServer;
  readonly #member: MemberHub;
  readonly #player: RemoteProcess<FramePlayer>;
  #hubs = 0;

  private constructor(
    network: Network,
    genuine: GenuineServer,
    member: MemberHub,
    player: RemoteProcess<FramePlayer>,
  ) {
    this.#network = network;
    this.#genuine = genuine;
    this.#member = member;
    this.#player = player;
  }

  static async raise(prefix: string): Promise<TwoHubs> {
    const network = await Network.create(prefix);
    try {
      const host = (name: string, last: number): Promise<Host> =>
        network.host(name, { addresses: [`10.77.0.${last}`] });
      const genuine = await GenuineServer.start(await host('genuine', 1));
      const member = await MemberHub.start(await host('member', 2), memberOptions);
      const stations = await host('stations', 3);
      const script = new URL('frame-player.ts', import.meta.url);
      const inside = (argv: readonly string[]): string[] => stations.inside(argv);
      return new TwoHubs(network, genuine, member, new RemoteProcess(script, inside));
    } catch (error) {
      network.close();
      throw error;
    }
  }

  lower(): void {
    this.#player.kill();
    this.#network.close();
  }

  /** Play it in a hub of its own on each. */
  async play(scenario: Scenario): Promise<HeardOnBoth> {
    this.#hubs += 1;
    const hub = `HUB${this.#hubs}`;
    const [genuine, ours] = await Promise.all([
      this.#playGenuine(hub, scenario),
      this.#playOurs(hub, scenario),
    ]);
    return { genuine, ours };
  }

  async #playGenuine(hub: string, scenario: Scenario): Promise<Heard> {
    const rpc = (method: string, params: object): Promise<unknown> =>
      this.#genuine.rpc(method, { HubName_str: hub, ...params });
    const made = { AdminPasswordPlainText_str: '', Online_bool: true, HubType_u32: 0 };
    await rpc('CreateHub', made);
    await rpc('SetHubExtOptions', { AdminOptionList: describedOptions(scenario) });
    if (scenario.access) await rpc('SetAccessList', { AccessList: accessList(scenario.access) });
    const entries = stationNames.map(async (name): Promise<[StationName, Login]> => {
      const { policy, user = name, group } = scenario[name] ?? {};
      if (group) await rpc('CreateGroup', { Name_str: group, UsePolicy_bool: false });
      await rpc('CreateUser', {
        Name_str: user,
        AuthType_u32: 1,
        Auth_Password_str: password,
        GroupName_str: group ?? '',
        UsePolicy_bool: true,
        ...describedPolicy(policy),
      });
      return [name, { kind: 'password', user, password }];
    });
    const logins = Object.fromEntries(await Promise.all(entries)) as Logins;
    const heard = await this.#playOn(this.#genuine.host, hub, scenario, logins);
    await rpc('DeleteHub', {});
    return heard;
  }

  async #playOurs(hub: string, scenario: Scenario): Promise<Heard> {
    const config = {
      hub,
      options: { ...commonOptions, ...scenario.options },
      ...(scenario.access && { accessRules: accessList(scenario.access).map(readRule) }),
    };
    const entries = stationNames.map(async (name): Promise<[StationName, Login | undefined]> => {
      const { policy = {}, user = name, group } = scenario[name] ?? {};
      const grant = { ...config, policy, user, ...(group && { group }) };
      return [name, (await this.#member.issue(1, grant))[0]];
    });
    const logins = Object.fromEntries(await Promise.all(entries)) as Logins;
    return this.#playOn(this.#member.host, hub, scenario, logins);
  }

  #playOn({ address }: Host, hub: string, scenario: Scenario, logins: Logins): Promise<Heard> {
    const part = (name: StationName) => {
      const { bridge = true, monitor = false, policy }: Who = scenario[name] ?? {};
      const { vlanTypeId } = { ...defaultHubOptions, ...scenario.options };
      const vlan = { id: policy?.vlanId ?? 0, typeId: vlanTypeId };
      return { login: logins[name], bridge, monitor, vlan };
    };
    return this.#player.call('play', {
      server: { address, port: 443, hub },
      parts: { sender: part('sender'), receiver: part('receiver'), third: part('third') },
      steps: scenario.steps.map(({ from, frame }) => ({ from, frame: frame.toString('hex') })),
    });
  }
}

function describedOptions(scenario: Scenario): readonly object[] {
  const known = { ...defaultHubOptions, ...commonOptions, ...scenario.options };
  const named = Object.entries(known).map(([option, value]): [string, number | boolean] => [
    hubOptionWireNames[option as keyof typeof hubOptionWireNames],
    value,
  ]);
  const all = { ...Object.fromEntries(named), ...genuineOnly, ...scenario.genuineOptions };
  return Object.entries(all).map(([Name_str, value]) => ({ Name_str, Value_u32: Number(value) }));
}

function accessList(rules: readonly object[]): readonly object[] {
  return [markerRule, ...rules];
}

function readRule(given: object, index: number): object {
  return readAccessRule(new Fields(given), index + 1).rule;
}

function describedPolicy(given: Partial<Policy> = {}): Record<string, boolean | number> {
  const policy = { ...defaultPolicy, ...given };
  const entries = policyFields.map(({ field, wireName, kind }) => [
    `policy:${wireName}_${kind === 'bool' ? 'bool' : 'u32'}`,
    policy[field],
  ]);
  return Object.fromEntries(entries);
}
