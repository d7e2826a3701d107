import { createHash } from 'node:crypto';
import { ordersMax } from '#functions/domain/order-room.ts';
import { endedAttribute } from '#functions/store/session-store.ts';
import type { Item } from '#functions/store/table.ts';
import { drainLimits, memberSendBudget } from '#node-agent/limits.ts';
import type { HubInstance } from '#node-agent/switch/hub-instance.ts';
import { heartbeatListMax } from '#shared/contract/heartbeat.ts';
import { nameKey } from '#shared/kernel/ids.ts';
import type { Redirect } from '#shared/wire/redirect.ts';
import { hubOfFrame } from './client-session.ts';
import { brokenLimit, unevenHeadroom, unseated } from './counting.ts';
import type { TableWrite } from './faulty-table.ts';
import { heldMachine, machineGoesEarly } from './machines.ts';
import { Outages } from './outages.ts';
import type { SimClient } from './sim-client.ts';
import type { RunningAgent, SimMember } from './sim-member.ts';
import type { World } from './world.ts';

export interface Violation {
  readonly invariant: string;
  readonly what: string;
}

/** What may be under way at once, in a world of this size (I8). */
const bounds = {
  messages: 3_000,
  timersPerProcess: 60,
  timersPerSession: 4,
  watchesPerMember: 20,
} as const;
/** Who could not be told of a lease is told again this soon; some messages are lost. */
const retoldMs = 20_000;
/** Slower checks run once in so many events. */
const slowCheckEvery = 64;
const outageCheckEvery = 4;

/**
 * The invariants of `docs/architecture.md`, each a function of its own. Those about the store look
 * at every write as it takes effect; those about members look at all of them after every event.
 */
export class Invariants {
  violation: Violation | undefined;
  readonly #world: World;
  /** Items as last written; what a write found. */
  readonly #items = new Map<string, Item>();
  readonly #forwarded = new WeakMap<HubInstance, number>();
  /** The highest epoch that ever forwarded, by hub. */
  readonly #forwardedEpoch = new Map<string, number>();
  /** Hubs that were served on an island: what it forwards is of an older epoch. */
  readonly #islands = new Set<string>();
  readonly #ticketSessions = new Map<string, string>();
  readonly #sessionsOfUser = new Map<string, Set<string>>();
  readonly #drainingSince = new Map<RunningAgent, number>();
  readonly #outages: Outages;
  #checks = 0;

  constructor(world: World) {
    this.#world = world;
    this.#outages = new Outages(world);
  }

  /** Stored items of one kind, by sort key prefix. */
  items(skPrefix: string): Item[] {
    return [...this.#items.values()].filter((item) => item.sk.startsWith(skPrefix));
  }

  /** Stored sessions, without what those left behind that ended. */
  get sessions(): Item[] {
    return this.items('SESSION#').filter((item) => item[endedAttribute] === undefined);
  }

  onWrite({ key, after, invocation }: TableWrite): void {
    const text = `${key.pk} ${key.sk}`;
    const before = this.#items.get(text);
    if (after === undefined) this.#items.delete(text);
    else this.#items.set(text, after);
    if (key.pk.startsWith('MEMBER#')) {
      this.#olderEpochChangesNothing(before, after, invocation.purpose);
      this.#drainingOnlyEnds(before, after);
      this.#report('I12 nothing changes twice', unevenHeadroom(after));
    } else if (key.sk === 'PLACEMENT') {
      this.#fencedBeforeTakeover(key.pk.slice('HUB#'.length), before, after);
      this.#placementEpochsGrow(before, after);
    } else if (key.sk === 'GRANT' && after === undefined) {
      this.#ticketIsRedeemedByItsMember(before, invocation.purpose);
    } else if (key.sk === 'GRANT') {
      this.#report('I11 limits are cluster-wide', unseated(this.#world, after));
    } else if (key.sk.startsWith('SEATS#')) {
      const byLogin = invocation.purpose.kind === 'login';
      const broken = brokenLimit(this.#world, before, after, byLogin);
      this.#report('I11 limits are cluster-wide', broken);
    } else if (key.sk.startsWith('SESSION#')) {
      this.#sessionBelongsToOneMember(before, after);
    } else if (key.sk.startsWith('USER#')) this.#loginsAreCountedOnce(key.pk, after);
  }

  /** After every event. */
  check(): boolean {
    this.#checks += 1;
    this.#oneHost();
    if (this.#checks % outageCheckEvery === 0) {
      this.#report('I10 sessions outlive the control plane', this.#outages.check());
    }
    if (this.#checks % slowCheckEvery === 0) {
      this.#everythingIsBounded();
      this.#drainsEnd();
      this.#report('I7 draining only ends', heldMachine(this.#world));
    }
    const { bug } = this.#world.controlPlane;
    if (bug !== undefined) {
      this.#fail('bug', bug instanceof Error ? `${bug.stack}` : String(bug));
    }
    return this.violation !== undefined;
  }

  /** I1: nobody forwards for a hub that another forwards for, nor for an epoch that is over. */
  #oneHost(): void {
    const hosts = new Map<string, SimMember>();
    for (const member of this.#world.members) {
      const { running } = member;
      if (running === undefined || running.process.isStopped) continue;
      const serves = running.agent.mayServeExclusively(running.process.clock.monotonicMs());
      for (const { config, epoch, instance } of running.agent.running) {
        if (config.kind !== 'dynamic') continue;
        const hub = nameKey(config.name);
        this.#epochOfForwarding(member, hub, epoch, instance);
        if (!serves) continue;
        const other = hosts.get(hub);
        if (other !== undefined && !this.#isIsland(hub, member, other)) {
          this.#fail('I1 one host', `${other.name} and ${member.name} both serve ${hub}`);
        }
        hosts.set(hub, member);
      }
    }
  }

  /**
   * The documented exception (ADR 0003): one of two serves without a lease, cut off from everybody
   * but those it ever heard of, and the other is none of them and cannot reach it.
   */
  #isIsland(hub: string, one: SimMember, other: SimMember): boolean {
    const isCutOff = (island: SimMember, outside: SimMember): boolean => {
      const { running } = island;
      if (running === undefined) return false;
      const { witness } = running.control;
      return (
        !witness.lease.held(running.process.clock.monotonicMs()) &&
        !witness.knows(outside.name) &&
        this.#world.network.wasCut(outside.name, island.name, retoldMs)
      );
    };
    const is = isCutOff(one, other) || isCutOff(other, one);
    if (is) this.#islands.add(hub);
    return is;
  }

  #epochOfForwarding(member: SimMember, hub: string, epoch: number, instance: HubInstance): void {
    const { frames } = instance.forwarded;
    if (frames === (this.#forwarded.get(instance) ?? 0)) return;
    this.#forwarded.set(instance, frames);
    const highest = this.#forwardedEpoch.get(hub) ?? 0;
    if (epoch < highest && !this.#islands.has(hub)) {
      const what = `${member.name} forwards ${hub} at epoch ${epoch} after epoch ${highest}`;
      this.#fail('I1 one host', what);
    }
    this.#forwardedEpoch.set(hub, Math.max(highest, epoch));
  }

  /**
   * I2: at the moment of a claim or release no one else has a lease to forward by, even if it woke
   * up now. Who serves by witness is fenced later, but before the hub is opened elsewhere: I1.
   */
  #fencedBeforeTakeover(hub: string, before: Item | undefined, after: Item | undefined): void {
    if (after === undefined || after['epoch'] === before?.['epoch']) return;
    const claimed = after['phase'] === 'live';
    for (const member of this.#world.members) {
      const { running } = member;
      if (running === undefined || (claimed && member.name === after['memberId'])) continue;
      if (!running.control.witness.lease.held(running.process.clock.monotonicMs())) continue;
      const here = running.agent.running.find(({ config }) => nameKey(config.name) === hub);
      if (here === undefined) continue;
      const what = claimed ? `claimed for ${String(after['memberId'])}` : 'released';
      this.#fail(
        'I2 fence before takeover',
        `${hub} is ${what} at epoch ${String(after['epoch'])} while ${member.name} may forward ` +
          `it at epoch ${here.epoch}`,
      );
    }
  }

  /** I3, of members: epochs and sequence numbers only grow, and old messages change nothing. */
  #olderEpochChangesNothing(
    before: Item | undefined,
    after: Item | undefined,
    purpose: TableWrite['invocation']['purpose'],
  ): void {
    if (before === undefined || after === undefined) return;
    const [was, is] = [Number(before['epoch']), Number(after['epoch'])];
    const name = String(after['memberId']);
    if (is < was) this.#fail('I3 epochs only grow', `${name}: from ${was} to ${is}`);
    if (is === was && Number(after['seq']) < Number(before['seq'])) {
      this.#fail('I3 epochs only grow', `${name}: seq goes back`);
    }
    if (purpose.kind === 'heartbeat' && purpose.epoch !== was) {
      const what = `a heartbeat of epoch ${purpose.epoch} changes ${name} at epoch ${was}`;
      this.#fail('I3 epochs only grow', what);
    }
    const older = purpose.kind === 'heartbeat' && purpose.seq < Number(before['seq']);
    // That a member is drained is decided upon what is stored, whichever heartbeat brings it up.
    if (older && after['state'] !== 'drained')
      this.#fail('I3 epochs only grow', `${name}: an older heartbeat changes it`);
  }

  /** I3, of placements: each claim and each release is exactly one step. */
  #placementEpochsGrow(before: Item | undefined, after: Item | undefined): void {
    if (after === undefined) return;
    const step = Number(after['epoch']) - Number(before?.['epoch'] ?? 0);
    const allowed = before === undefined ? [1] : [0, 1];
    if (!allowed.includes(step)) {
      this.#fail('I3 epochs only grow', `${after.pk}: placement goes ${step} epochs`);
    }
    const moved = before !== undefined && before['memberId'] !== after['memberId'];
    if (moved && step === 0) {
      this.#fail('I3 epochs only grow', `${after.pk}: another member, the same epoch`);
    }
  }

  /** I4, in the store: only the member and epoch the ticket was made out to, and in time. */
  #ticketIsRedeemedByItsMember(
    before: Item | undefined,
    purpose: TableWrite['invocation']['purpose'],
  ): void {
    if (before === undefined || purpose.kind !== 'redeem') return;
    if (before['memberId'] !== purpose.member || before['memberEpoch'] !== purpose.epoch) {
      this.#fail('I4 a ticket admits once', `${purpose.member} redeems another's ticket`);
    }
    const lateMs = this.#world.controlNowMs - Number(before['expiresMs']);
    if (lateMs > 2 * this.#world.options.controlClockMs + 20_000) {
      this.#fail('I4 a ticket admits once', `redeemed ${lateMs} ms after it expired`);
    }
  }

  /** I4, at the clients: no ticket leads to two sessions. */
  onWelcome(ticket: Buffer, session: string): void {
    const key = ticket.toString('hex');
    const other = this.#ticketSessions.get(key);
    if (other !== undefined) {
      this.#fail('I4 a ticket admits once', `one ticket led to ${other} and ${session}`);
    }
    this.#ticketSessions.set(key, session);
  }

  #sessionBelongsToOneMember(before: Item | undefined, after: Item | undefined): void {
    if (after === undefined || after[endedAttribute] !== undefined) return;
    const name = String(after['name']);
    if (before?.[endedAttribute] !== undefined) {
      this.#fail('I12 nothing changes twice', `${name} is listed again after its end`);
    }
    const user = `${after.pk} ${nameKey(String(after['user']))}`;
    const known = this.#sessionsOfUser.get(user) ?? new Set();
    this.#sessionsOfUser.set(user, known.add(name));
    if (before === undefined) return;
    if (before['memberId'] !== after['memberId']) {
      this.#fail('I4 a ticket admits once', `${name} is on two members`);
    }
    if (Number(after['memberEpoch']) < Number(before['memberEpoch'])) {
      this.#fail('I3 epochs only grow', `${name}: its member's epoch goes back`);
    }
  }

  /** I5. */
  onNaughty(what: string, answered: 'error' | 'redirect' | 'session'): void {
    if (answered === 'error') return;
    this.#fail('I5 members serve ticket holders only', `${what} was answered with a ${answered}`);
  }

  /** I7. */
  #drainingOnlyEnds(before: Item | undefined, after: Item | undefined): void {
    if (before === undefined || after === undefined) return;
    const name = String(after['memberId']);
    const [was, is] = [String(before['state']), String(after['state'])];
    const sameEpoch = before['epoch'] === after['epoch'];
    const ended = ['draining', 'drained', 'lost', 'terminated'].includes(was);
    if (sameEpoch && ended && (is === 'active' || is === 'joining')) {
      this.#fail('I7 draining only ends', `${name}: ${was} becomes ${is}`);
    }
    if (was === 'terminated') this.#fail('I7 draining only ends', `${name}: changed after its end`);
    const admitted = Number(after['reservedNew']) > Number(before['reservedNew']);
    if (sameEpoch && admitted && was !== 'active') {
      this.#fail('I7 draining only ends', `${name}: a placement while ${was}`);
    }
  }

  /** I7: a node that was told to stop has stopped by its deadline. */
  noteDraining(running: RunningAgent): void {
    if (!this.#drainingSince.has(running)) {
      this.#drainingSince.set(running, this.#world.time.nowMs);
    }
  }

  /** I7, I12: see {@link machineGoesEarly}. */
  onHookCompleted(machine: string): void {
    this.#report('I7 draining only ends', machineGoesEarly(this.#world, machine));
  }

  #drainsEnd(): void {
    for (const member of this.#world.members) {
      const { running } = member;
      if (running === undefined) continue;
      const sinceMs = this.#drainingSince.get(running);
      if (sinceMs === undefined) continue;
      if (running.process.isStopped) this.#drainingSince.set(running, this.#world.time.nowMs);
      else if (this.#world.time.nowMs - sinceMs > drainLimits.deadlineMs + 10_000) {
        this.#fail('I7 draining only ends', `${member.name} drains for too long`);
      }
    }
  }

  /** I8. */
  #everythingIsBounded(): void {
    const { members, network, controlPlane } = this.#world;
    const over = (what: string, value: number, limit: number): void => {
      if (value > limit) this.#fail('I8 everything is bounded', `${what}: ${value} over ${limit}`);
    };
    over('messages under way', network.inFlight, bounds.messages);
    over('watches', controlPlane.queue.waiting, bounds.watchesPerMember * members.length);
    for (const { name, running } of members) {
      if (running === undefined) continue;
      const { sessions, queuedBytes } = running.agent.status;
      const timersMax = bounds.timersPerProcess + bounds.timersPerSession * sessions;
      over(`${name}: timers`, running.process.timersPending, timersMax);
      over(`${name}: queued bytes`, queuedBytes, memberSendBudget.bytesMax);
      over(`${name}: reports`, running.agent.pendingReports, 2 * heartbeatListMax);
    }
    for (const item of this.items('STATE')) {
      over(`${item.pk}: orders`, ((item['orders'] ?? []) as readonly unknown[]).length, ordersMax);
    }
  }

  /** I9: as long as the process lives that the ticket was made out to, it presents this. */
  onRedirect(redirect: Redirect): void {
    const digest = createHash('sha256').update(redirect.ticket).digest('hex');
    const grant = this.#items.get(`TICKET#${digest} GRANT`);
    const { address, ports } = redirect;
    const member = this.#world.memberAt({ address, port: ports[0] ?? 0 });
    const running = member?.running;
    if (grant === undefined || running === undefined) return;
    if (running.agent.status.epoch !== grant['memberEpoch']) return;
    if (!running.certificate.equals(redirect.certificate)) {
      this.#fail('I9 the pin is true', `${member?.name} presents another certificate`);
    }
  }

  /** I10: see {@link Outages}. */
  onSessionClosed(member: SimMember, hub: string, reason: string): void {
    if (reason !== 'hub-fenced') return;
    this.#report('I10 sessions outlive the control plane', this.#outages.onFenced(member, hub));
  }

  /** I12: one login, one count. */
  #loginsAreCountedOnce(pk: string, after: Item | undefined): void {
    if (after === undefined) return;
    const user = `${pk} ${nameKey(String(after['name']))}`;
    const sessions = this.#sessionsOfUser.get(user)?.size ?? 0;
    if (Number(after['logins']) > sessions) {
      const what = `${user}: ${String(after['logins'])} logins, ${sessions} sessions`;
      this.#fail('I12 nothing changes twice', what);
    }
  }

  /** I13. */
  onFrame(to: SimClient, frame: Buffer): void {
    const hub = hubOfFrame(frame);
    if (hub !== to.hub) this.#fail('I13 hubs are isolated', `${to.name} got a frame of ${hub}`);
  }

  #report(invariant: string, what: string | undefined): void {
    if (what !== undefined) this.#fail(invariant, what);
  }

  #fail(invariant: string, what: string): void {
    this.violation ??= { invariant, what };
  }
}
