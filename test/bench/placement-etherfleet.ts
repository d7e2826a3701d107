import {
  type AdmissionDecision,
  type Candidate,
  decideAdmission,
} from '#functions/domain/admission.ts';
import type { PlacementRecord } from '#functions/domain/placement.ts';
import { remainingAfter } from '#functions/domain/reservation.ts';
import {
  candidatesMax,
  exactReservationsMax,
  hurriedReservationsMax,
} from '#functions/frontdoor/admission.ts';
import { pledgedFirstMin, pledgeTriesMax } from '#functions/frontdoor/pledging.ts';
import { rosterKeptMs } from '#functions/store/roster.ts';
import { timing } from '#shared/contract/timing.ts';
import { assert } from '#shared/kernel/assert.ts';
import { type MemberId, memberId } from '#shared/kernel/ids.ts';
import { below, between } from '#shared/kernel/random.ts';
import type { BenchHub, Decided, Machine, Rule, World } from './placement-world.ts';

/** One call to the table, and from a member's observation to the stored heartbeat. */
const callMsMin = 3;
const callMsMax = 12;
const heartbeatMs = 15;
const capacity = 100_000;
/** Members that are there from the beginning have held their lease for this long. */
const longMs = 60_000;

interface Circumstances {
  readonly latest?: MemberId | undefined;
  readonly hurried?: boolean;
  /** Of a dynamic hub. */
  readonly placement?: PlacementRecord;
}

/** A member's item: written anew with every change, so that who has read it keeps what was. */
interface Stored extends Candidate {
  readonly machine: Machine;
  readonly seq: number;
  readonly reservedNew: number;
  readonly awaited: number;
  readonly pledged: number;
  readonly pledgedNew: number;
}

/**
 * Ours: production's decision and accounting over a model of the table. Each login is an invocation
 * of its own that reads a sample of the members as they are stored at that moment, decides, and
 * writes its reservation some milliseconds later on condition that nobody was faster.
 */
export class EtherfleetRule implements Rule {
  readonly name = 'etherfleet';
  readonly #world: World;
  readonly #items: Stored[] = [];
  /** Reservations that somebody else was faster with: what concurrency costs. */
  refusals = 0;

  constructor(world: World) {
    this.#world = world;
  }

  join(machine: Machine): void {
    const { timeline, random } = this.#world;
    this.#items[machine.index] = {
      machine,
      memberId: memberId(`i-${machine.index}`),
      state: 'active',
      epoch: 1,
      seq: 1,
      heldSinceMs: timeline.nowMs - longMs,
      leaseExpiresMs: timeline.nowMs + timing.leaseTtlMs,
      weight: 100,
      capacity,
      sessions: machine.sessions,
      reserved: 0,
      reservedNew: 0,
      awaited: 0,
      pledged: 0,
      pledgedNew: 0,
      headroom: capacity - machine.sessions,
    };
    const phaseMs = between(random, 0, timing.heartbeatEveryMs);
    timeline.every(timing.heartbeatEveryMs, phaseMs, () => this.#heartbeat(machine));
  }

  /** Nobody tells the control plane: the lease runs out. */
  lose(): void {}

  place(hub: BenchHub | undefined, decided: Decided): void {
    if (hub === undefined) this.#reserveBest(this.#draw(), 1, decided);
    else this.#placeHub(hub, decided);
  }

  #heartbeat(machine: Machine): void {
    if (!machine.alive) return;
    const { sessions, awaited } = machine;
    this.#world.timeline.after(heartbeatMs, () => {
      const item = this.#item(machine);
      this.#items[machine.index] = {
        ...item,
        ...remainingAfter(item, { sessions, awaited }),
        sessions,
        awaited,
        reservedNew: 0,
        pledgedNew: 0,
        leaseExpiresMs: this.#world.timeline.nowMs + timing.leaseTtlMs,
        seq: item.seq + 1,
      };
    });
  }

  /** The list of a large fleet may be some seconds old; what is drawn from it is read now. */
  #draw(): readonly Stored[] {
    const { random, timeline } = this.#world;
    if (this.#items.length <= candidatesMax) return [...this.#items];
    const listedMs = timeline.nowMs - between(random, 0, rosterKeptMs);
    const drawn: Stored[] = [];
    while (drawn.length < candidatesMax) {
      const item = this.#items[below(random, this.#items.length)];
      if (item === undefined || item.machine.joinedMs > listedMs || drawn.includes(item)) continue;
      drawn.push(item);
    }
    return drawn;
  }

  #decide(
    members: readonly Stored[],
    { latest, hurried = false, placement }: Circumstances,
  ): AdmissionDecision<Stored, PlacementRecord> {
    const { random, timeline } = this.#world;
    const hubKind = placement === undefined ? 'static' : 'dynamic';
    const input = { hubKind, placement, owner: undefined, members, latest, hurried } as const;
    return decideAdmission<Stored, PlacementRecord>(input, timeline.nowMs, random);
  }

  /** `reserveBest` of `functions/frontdoor/admission.ts`. */
  #reserveBest(
    members: readonly Stored[],
    tries: number,
    decided: Decided,
    latest?: MemberId,
  ): void {
    const exact = tries <= exactReservationsMax;
    const decision = this.#decide(members, { latest, hurried: !exact });
    if (decision.kind === 'reject') {
      decided(undefined);
      return;
    }
    const { member: seen, margin } = decision;
    this.#call(() => {
      const item = this.#item(seen.machine);
      const good = item.seq === seen.seq && item.reserved <= seen.reserved + margin;
      if ((good || !exact) && this.#reserve(seen.machine, 0)) return decided(seen.machine);
      this.refusals += 1;
      if (tries === exactReservationsMax + hurriedReservationsMax)
        return this.place(undefined, decided);
      const known = members.map((one) => (one === seen ? item : one));
      this.#call(() => this.#reserveBest(known, tries + 1, decided, seen.memberId));
    });
  }

  /** Follow the placement while its member's lease is live; else claim, then reserve. */
  #placeHub(hub: BenchHub, decided: Decided): void {
    const { owner } = hub;
    if (owner && this.#item(owner).leaseExpiresMs > this.#world.timeline.nowMs) {
      this.#call(() => decided(this.#reserve(owner, 0) ? owner : undefined));
      return;
    }
    this.#pledgeBest(hub, this.#draw(), 1, (machine, pledge) => {
      if (machine === undefined) {
        decided(undefined);
        return;
      }
      this.#call(() => {
        if (hub.owner !== owner) return this.#placeHub(hub, decided); // another claim won
        hub.owner = machine;
        this.#call(() => decided(this.#reserve(machine, pledge) ? machine : undefined));
      });
    });
  }

  /** `pledgeBest` of `functions/frontdoor/admission.ts`. */
  #pledgeBest(
    hub: BenchHub,
    members: readonly Stored[],
    tries: number,
    chosen: (machine: Machine | undefined, pledge: number) => void,
    latest?: MemberId,
  ): void {
    const placement = { ...released, usual: hub.usual };
    const decision = this.#decide(members, { latest, placement });
    if (decision.kind === 'reject') {
      chosen(undefined, 0);
      return;
    }
    const seen = decision.member;
    const { expected = 0 } = decision.claim ?? {};
    if (expected < pledgedFirstMin || tries > pledgeTriesMax) {
      chosen(seen.machine, expected);
      return;
    }
    this.#call(() => {
      const item = this.#item(seen.machine);
      if (item.seq === seen.seq && item.pledged === seen.pledged) {
        const { pledged, pledgedNew } = item;
        this.#items[item.machine.index] = {
          ...item,
          pledged: pledged + expected,
          pledgedNew: pledgedNew + expected,
        };
        chosen(seen.machine, 0);
        return;
      }
      this.refusals += 1;
      const known = members.map((one) => (one === seen ? item : one));
      this.#call(() => this.#pledgeBest(hub, known, tries + 1, chosen, seen.memberId));
    });
  }

  #reserve(machine: Machine, expected: number): boolean {
    const item = this.#item(machine);
    if (item.headroom <= 0 || item.leaseExpiresMs <= this.#world.timeline.nowMs) return false;
    this.#items[machine.index] = {
      ...item,
      headroom: item.headroom - 1,
      reserved: item.reserved + 1,
      reservedNew: item.reservedNew + 1,
      pledged: item.pledged + expected,
      pledgedNew: item.pledgedNew + expected,
    };
    return true;
  }

  #item(machine: Machine): Stored {
    const item = this.#items[machine.index];
    assert(item !== undefined, 'members are never forgotten here');
    return item;
  }

  #call(then: () => void): void {
    this.#world.timeline.after(between(this.#world.random, callMsMin, callMsMax), then);
  }
}

const released: PlacementRecord = {
  memberId: memberId('none'),
  memberEpoch: 1,
  epoch: 1,
  phase: 'released',
};
