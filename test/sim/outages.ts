import { witnessTiming } from '#node-agent/control/witness-timing.ts';
import { timing } from '#shared/contract/timing.ts';
import type { RunningAgent, SimMember } from './sim-member.ts';
import type { World } from './world.ts';

const { listenMs, skewMs } = witnessTiming(timing);
/** Who was stopped or out of reach has found its feet again after this long. */
const calmMs = listenMs + 1_500;
/** What clocks that drift may add to the distance of two heartbeats. */
const marginMs = 300;

/**
 * I10: while nothing of the control plane can be reached, established sessions carry on. Those of
 * dynamic hubs need witnesses: every peer their member knows within reach, and none that heard the
 * control plane clearly later than that member, or may have.
 */
export class Outages {
  readonly #world: World;
  /** Since when nothing has stood between a member and those it knows. */
  readonly #calmSinceMs = new Map<RunningAgent, number>();
  readonly #knownTo = new Map<RunningAgent, ReadonlySet<SimMember>>();

  constructor(world: World) {
    this.#world = world;
  }

  /** Now and then: who serves dynamic hubs without a gap, as far as the network loses nothing. */
  check(): string | undefined {
    const { members, options, time } = this.#world;
    const { lossRate, slowRate } = options.network;
    for (const member of members) {
      const { running } = member;
      if (running === undefined) continue;
      const isCalm = !this.#hasMet(running) && this.#isWithinReach(running, member);
      if (!isCalm) this.#calmSinceMs.delete(running);
      else if (!this.#calmSinceMs.has(running)) this.#calmSinceMs.set(running, time.nowMs);
      if (lossRate > 0 || slowRate > 0 || !this.#isWitnessed(running)) continue;
      const served = running.agent.running.find(
        ({ config, sessions }) => config.kind === 'dynamic' && sessions.size > 0,
      );
      if (served === undefined || mayServe(running)) continue;
      return `${member.name} does not forward ${served.config.name}`;
    }
    return undefined;
  }

  /** A session was closed because its hub had been fenced for long. */
  onFenced(member: SimMember, hub: string): string | undefined {
    const { hubs } = this.#world;
    const isStatic = hubs.some(({ name, kind }) => name === hub && kind === 'static');
    const { running } = member;
    const isWitnessed = running !== undefined && this.#isWitnessed(running);
    return isStatic || isWitnessed ? `${member.name} fences ${hub}` : undefined;
  }

  /** An outage, and everybody has said what is needed, for long enough. */
  #isWitnessed(running: RunningAgent): boolean {
    const { controlPlane, options, time } = this.#world;
    if (!options.witness || !(controlPlane.away || controlPlane.server.away)) return false;
    const sinceMs = this.#calmSinceMs.get(running) ?? Number.POSITIVE_INFINITY;
    if (time.nowMs - sinceMs < calmMs) return false;
    const { lease } = running.control.witness;
    if (lease.heldUntilMs === Number.NEGATIVE_INFINITY) return false; // no epoch
    const limitMs = lease.renewedMs + skewMs - marginMs;
    return this.#known(running).every((peer) => {
      const renewedMs = peer.running?.control.witness.lease.renewedMs ?? Number.POSITIVE_INFINITY;
      return Math.max(renewedMs, peer.running?.startedMs ?? 0) < limitMs;
    });
  }

  /** Nothing is between it and whom it knows at this moment, and all of them run. */
  #isWithinReach(running: RunningAgent, member: SimMember): boolean {
    const { network } = this.#world;
    return [member, ...this.#known(running)].every(
      (peer) =>
        peer.running !== undefined &&
        !peer.running.process.isStopped &&
        Number.isFinite(peer.running.control.witness.lease.renewedMs) &&
        !network.isCut(peer.name, member.name) &&
        !network.isCut(member.name, peer.name),
    );
  }

  /** Somebody made itself known that was not counted on: called lost, and awake again. */
  #hasMet(running: RunningAgent): boolean {
    const before = this.#knownTo.get(running);
    const now = new Set(this.#known(running));
    this.#knownTo.set(running, now);
    return [...now].some((peer) => before?.has(peer) === false);
  }

  #known({ control }: RunningAgent): SimMember[] {
    return this.#world.members.filter(({ name }) => control.witness.knows(name));
  }
}

function mayServe({ agent, process }: RunningAgent): boolean {
  return agent.mayServeExclusively(process.clock.monotonicMs());
}
