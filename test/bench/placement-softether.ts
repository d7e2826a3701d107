import { between } from '#shared/kernel/random.ts';
import type { BenchHub, Decided, Machine, Rule, World } from './placement-world.ts';

/** `enumhub` to every member (protocol/04 §6). */
const pollMs = 10_000;
/** The controller asks the member for a ticket and waits for it. */
const ticketMs = 2;
const sizeMax = 100_000;

/**
 * What a genuine controller does (protocol/04 §5): it keeps each member's point, takes the highest,
 * the later in the list among equals, and learns points by polling and from the answer of the
 * member it has just asked for a ticket. A point counts sessions that stand, not tickets given out.
 * Its own count of sessions, one more with each ticket, only keeps it from overfilling a member.
 * In its favour: one process decides, at any rate, and knows its whole list.
 */
export class SoftEtherRule implements Rule {
  readonly name = 'SoftEther';
  readonly #world: World;
  /** The list of members, and beside it what is believed of each. */
  #list: Machine[] = [];
  #points: number[] = [];

  constructor(world: World) {
    this.#world = world;
  }

  join(machine: Machine): void {
    this.#list.push(machine);
    this.#points.push(pointOf(machine));
    const phaseMs = between(this.#world.random, 0, pollMs);
    this.#world.timeline.every(pollMs, phaseMs, () => this.#refresh(machine));
  }

  /** Its control connection ends, and with it its place in the list. */
  lose(machine: Machine): void {
    const place = this.#list.indexOf(machine);
    this.#list = this.#list.toSpliced(place, 1);
    this.#points = this.#points.toSpliced(place, 1);
  }

  place(hub: BenchHub | undefined, decided: Decided): void {
    const machine = hub?.owner?.alive ? hub.owner : this.#highest();
    if (hub !== undefined) hub.owner = machine;
    this.#world.timeline.after(ticketMs, () => {
      if (machine !== undefined) this.#refresh(machine);
      decided(machine);
    });
  }

  #highest(): Machine | undefined {
    let best = -1;
    let bestPoint = 0;
    for (let place = 0; place < this.#points.length; place += 1) {
      const point = this.#points[place] ?? 0;
      if (point < bestPoint) continue;
      best = place;
      bestPoint = point;
    }
    return this.#list[best];
  }

  #refresh(machine: Machine): void {
    const place = this.#list.indexOf(machine);
    if (place >= 0) this.#points[place] = pointOf(machine);
  }
}

function pointOf(machine: Machine): number {
  const load = Math.min(machine.sessions, sizeMax);
  return Math.floor(((sizeMax - load) * 100_000) / sizeMax);
}
