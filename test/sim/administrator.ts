import { changeHub, configureMembers, removeRemains } from '#functions/admin/hub-changes.ts';
import type { AdminPorts } from '#functions/admin/method.ts';
import { order } from '#functions/admin/orders.ts';
import { isLive } from '#functions/domain/lease.ts';
import { Sealer } from '#functions/domain/sealing.ts';
import type { Hub } from '#functions/store/hub-store.ts';
import type { Stores } from '#functions/store/stores.ts';
import type { Timers } from '#shared/kernel/clock.ts';
import { hubName, memberId } from '#shared/kernel/ids.ts';
import { silentLog } from '#shared/kernel/log.ts';
import { defaultPolicy } from '#shared/wire/policy.ts';
import type { World } from './world.ts';

const nobodyWaits: Timers = { after: () => () => undefined };

/** What administrators do. Nothing goes wrong with it; everything else goes on meanwhile. */
export class Administrator {
  readonly #world: World;
  /** Sessions that were to be disconnected, where they were. */
  readonly disconnected = new Set<string>();

  #last: Promise<void> = Promise.resolve();

  constructor(world: World) {
    this.#world = world;
  }

  /** Every hub, with a user for every client. */
  async setUp(): Promise<void> {
    for (const { name } of this.#world.hubs) await this.createHub(name);
  }

  async setOnline(hub: string, online: boolean): Promise<void> {
    this.#world.note('operator', `${hub} ${online ? 'online' : 'offline'}`);
    await this.#administer(async (ports) => {
      const stored = await ports.stores.hubs.get(hubName(hub));
      if (stored === undefined || stored.online === online) return;
      const changed = await changeHub(ports, hubName(hub), (seen) => ({ ...seen, online }));
      await configureMembers(ports, changed);
    });
  }

  /** With its users and sessions, as `DeleteHub` does it. */
  async removeHub(hub: string): Promise<void> {
    this.#world.note('operator', `removes ${hub}`);
    await this.#administer(async (ports) => {
      const { clock, stores } = ports;
      const nowMs = clock.nowMs();
      const stored = await stores.hubs.get(hubName(hub));
      await stores.hubs.remove(hubName(hub));
      await removeRemains(ports, hubName(hub), stored?.kind, nowMs);
    });
  }

  /** As `CreateHub` does it, and the users. */
  async createHub(hub: string): Promise<void> {
    await this.#administer(async (ports) => {
      const { clock, stores } = ports;
      const nowMs = clock.nowMs();
      if ((await stores.hubs.get(hubName(hub))) !== undefined) return;
      this.#world.note('operator', `creates ${hub}`);
      await removeRemains(ports, hubName(hub), undefined, nowMs);
      if (await stores.hubs.create(this.#hubOf(hub, nowMs))) {
        await this.#createUsers(stores, hub, nowMs);
      }
    });
  }

  /** A session that is listed, as `DeleteSession` does it. */
  async disconnect(hub: string, session: string): Promise<void> {
    await this.#administer(async (ports) => {
      const { clock, stores } = ports;
      const record = await stores.sessions.get(hubName(hub), session);
      const member = record && (await stores.members.get(record.memberId));
      const isListed = member?.epoch === record?.memberEpoch && member !== undefined;
      if (record === undefined || !isListed || !isLive(member, clock.nowMs())) return;
      this.#world.note('operator', `disconnects ${session}`);
      await order(ports, [member.memberId], { kind: 'disconnect', hub: record.hub, session });
      this.disconnected.add(`${member.memberId} ${session}`);
    });
  }

  async beginDrain(member: string): Promise<void> {
    this.#world.note('operator', `drains ${member}`);
    await this.#administer(async ({ clock, stores }) => {
      await stores.members.beginDrain(memberId(member), clock.nowMs() + 60_000);
    });
  }

  /** One thing after the other. */
  #administer(action: (ports: AdminPorts) => Promise<void>): Promise<void> {
    const { controlPlane } = this.#world;
    const administer = () =>
      controlPlane.operate(({ stores, clock, random }) => {
        const sealer = async () => new Sealer(Buffer.alloc(32), random);
        const secrets = { sealer, adminPassword: async () => '' };
        return action({ stores, clock, timers: nobodyWaits, random, secrets, log: silentLog });
      });
    this.#last = this.#last.then(administer, administer);
    return this.#last;
  }

  #hubOf(name: string, createdMs: number): Hub {
    const kind = this.#world.hubs.find((hub) => hub.name === name)?.kind ?? 'dynamic';
    const maxSession = this.#world.seatsOf(name);
    return { ...plainHub, name: hubName(name), kind, maxSession, createdMs };
  }

  async #createUsers(stores: Stores, hub: string, nowMs: number): Promise<void> {
    const { clients, limited } = this.#world.options;
    const policy = { ...defaultPolicy, multiLogins: limited ? 1 : 0 };
    const times = { createdMs: nowMs, updatedMs: nowMs };
    for (let number = 1; number <= clients; number++) {
      const user = { ...plainUser, ...times, policy, name: `user-${number}` };
      await stores.users.create(hubName(hub), user);
    }
  }
}

const plainHub = {
  version: 1,
  online: true,
  noEnum: false,
  sessionTimeoutMs: 5_000,
  message: '',
} as const;

const plainUser = {
  version: 1,
  groupName: '',
  realname: '',
  note: '',
  auth: { kind: 'anonymous' },
  expiresMs: 0,
  logins: 0,
  lastLoginMs: 0,
} as const;
