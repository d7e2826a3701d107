import { between, type Random } from '#shared/kernel/random.ts';
import { Timeline } from './placement-timeline.ts';

/** What is true of a member, whatever anybody knows of it. */
export interface Machine {
  readonly index: number;
  readonly joinedMs: number;
  alive: boolean;
  /** Sessions established. */
  sessions: number;
  /** Those and the clients on their way: what the rule has decided. */
  assigned: number;
  /** What its agent expects on top of its sessions: see `HubTable.awaited`. */
  awaited: number;
}

/** A dynamic hub, the truth and what its placement says. */
export interface BenchHub {
  /** Sessions it usually has, as the placement remembers. */
  usual: number;
  owner: Machine | undefined;
  sessions: number;
}

/** Told where a client goes. Undefined: it was rejected. */
export type Decided = (machine: Machine | undefined) => void;

/** How clients are sent to members. */
export interface Rule {
  readonly name: string;
  /** A member is there from now on. */
  join(machine: Machine): void;
  lose(machine: Machine): void;
  /** Decide on one login, some time from now. */
  place(hub: BenchHub | undefined, decided: Decided): void;
}

/** Redirected, until the session stands: two round trips, two TLS handshakes, Welcome. */
const clientMsMin = 200;
const clientMsMax = 600;
/** A client that was rejected or found nobody comes again after this. */
const retryMs = 5_000;

export class World {
  readonly timeline = new Timeline();
  readonly random: Random;
  readonly machines: Machine[] = [];
  rejected = 0;
  /** Clients that have not got their session yet. */
  pending = 0;

  constructor(random: Random) {
    this.random = random;
  }

  add(sessions: number, isNew = false): Machine {
    const machine: Machine = {
      index: this.machines.length,
      joinedMs: isNew ? this.timeline.nowMs : Number.NEGATIVE_INFINITY,
      alive: true,
      sessions,
      assigned: sessions,
      awaited: 0,
    };
    this.machines.push(machine);
    return machine;
  }

  get alive(): readonly Machine[] {
    return this.machines.filter((machine) => machine.alive);
  }

  /** A client that wants a session, some time from now. */
  expect(delayMs: number, rule: Rule, hub?: BenchHub): void {
    this.pending += 1;
    this.timeline.after(delayMs, () => this.#logIn(rule, hub));
  }

  #logIn(rule: Rule, hub: BenchHub | undefined): void {
    rule.place(hub, (machine) => {
      if (machine === undefined) {
        this.rejected += 1;
        this.#again(rule, hub);
        return;
      }
      machine.assigned += 1;
      this.timeline.after(between(this.random, clientMsMin, clientMsMax), () => {
        if (!machine.alive || (hub !== undefined && hub.owner !== machine)) {
          machine.assigned -= 1;
          this.#again(rule, hub);
          return;
        }
        this.#establish(machine, hub);
      });
    });
  }

  /** The machine is gone and its clients come back, each at its time. */
  lose(rule: Rule, machine: Machine, hubs: readonly BenchHub[], backMs: () => number): void {
    machine.alive = false;
    rule.lose(machine);
    let inHubs = 0;
    for (const hub of hubs) {
      if (hub.owner !== machine) continue;
      inHubs += hub.sessions;
      for (let client = hub.sessions; client > 0; client -= 1) {
        this.expect(backMs(), rule, hub);
      }
      hub.sessions = 0;
    }
    for (let client = machine.sessions - inHubs; client > 0; client -= 1) {
      this.expect(backMs(), rule);
    }
    machine.assigned -= machine.sessions;
    machine.sessions = 0;
  }

  #again(rule: Rule, hub: BenchHub | undefined): void {
    this.timeline.after(retryMs, () => this.#logIn(rule, hub));
  }

  #establish(machine: Machine, hub: BenchHub | undefined): void {
    this.pending -= 1;
    machine.sessions += 1;
    if (hub === undefined) return;
    // The agent awaits what the hub usually has from the moment its first client is there.
    if (hub.sessions === 0) machine.awaited += Math.max(0, hub.usual - 1);
    else if (hub.sessions < hub.usual) machine.awaited -= 1;
    hub.sessions += 1;
  }
}
