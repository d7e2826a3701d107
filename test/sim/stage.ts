import assert from 'node:assert/strict';
import type { Item, Table } from '#functions/store/table.ts';
import type { SimOptions } from './options.ts';
import { mishaps } from './options.ts';
import type { SimClient } from './sim-client.ts';
import type { RunningAgent, SimMember } from './sim-member.ts';
import { World } from './world.ts';

/** Nothing goes wrong by itself: one hub, `dyn-1` or `fix-1`, and what you ask for. */
export interface Cast {
  /** Machines. */
  readonly members: number;
  /** Members of each. */
  readonly processes?: number;
  readonly clients: number;
  readonly hub?: 'static' | 'dynamic';
  readonly latencyMs?: number;
  /** The store, if it does something of its own. */
  readonly engine?: (table: Table) => Table;
}

/** A scripted run: somebody does something, time passes, and something must be so. */
export class Stage {
  readonly world: World;

  private constructor(world: World) {
    this.world = world;
  }

  /** Members have joined and sent a heartbeat; clients have done nothing yet. */
  static async set(cast: Cast): Promise<Stage> {
    const { engine } = cast;
    const world = new World({ options: calm(cast), ...(engine && { plants: { engine } }) });
    await world.setUp();
    for (const member of world.members) member.start();
    const stage = new Stage(world);
    await stage.until(
      () => (world.members.every((one) => stage.state(one)['state'] === 'active') ? '' : 'joins'),
      10_000,
    );
    return stage;
  }

  member(number: number): SimMember {
    const member = this.world.members[number - 1];
    assert(member, `member ${number} is in the cast`);
    return member;
  }

  client(number: number): SimClient {
    const client = this.world.clients[number - 1];
    assert(client, `client ${number} is in the cast`);
    return client;
  }

  running(member: SimMember): RunningAgent {
    assert(member.running, `${member.name} runs`);
    return member.running;
  }

  /** As stored. */
  state(member: SimMember): Item {
    const items = this.world.invariants.items('STATE');
    return items.find((item) => item['memberId'] === member.name) ?? { pk: '', sk: '' };
  }

  placement(): Item {
    return this.world.invariants.items('PLACEMENT')[0] ?? { pk: '', sk: '' };
  }

  /** The member that hosts the hub, by its placement. */
  host(): SimMember {
    const member = this.world.members.find(({ name }) => name === this.placement()['memberId']);
    assert(member, 'the hub is placed');
    return member;
  }

  mayServe(member: SimMember): boolean {
    const { agent, process } = this.running(member);
    return agent.mayServeExclusively(process.clock.monotonicMs());
  }

  /** By its own count; it may serve longer, on the word of others. */
  holdsLease(member: SimMember): boolean {
    const { control, process } = this.running(member);
    return control.witness.lease.held(process.clock.monotonicMs());
  }

  /** Frames this member has forwarded, over the hub instances it has now. */
  forwarded(member: SimMember): number {
    const hubs = this.running(member).agent.running;
    return hubs.reduce((sum, { instance }) => sum + instance.forwarded.frames, 0);
  }

  /** Start a client and wait until it is in a session. */
  async connect(client: SimClient, limitMs = 10_000): Promise<void> {
    client.start();
    await this.until(() => (client.session ? '' : `${client.name}: ${client.trouble}`), limitMs);
  }

  async pass(durationMs: number): Promise<void> {
    await this.world.time.run(this.world.time.nowMs + durationMs, () =>
      this.world.invariants.check(),
    );
    this.#assertInvariants();
  }

  /** Let time pass until nothing is missing any more: `check` says what is. */
  async until(check: () => string, limitMs: number): Promise<void> {
    const { world } = this;
    const deadlineMs = world.time.nowMs + limitMs;
    await world.time.run(deadlineMs, () => world.invariants.check() || check() === '');
    this.#assertInvariants();
    assert.equal(check(), '', `after ${limitMs} ms`);
  }

  #assertInvariants(): void {
    const { violation } = this.world.invariants;
    const last = this.world.trace.last.join('\n');
    assert.equal(violation, undefined, `${violation?.invariant}: ${violation?.what}\n${last}`);
  }
}

function calm({
  members,
  processes = 1,
  clients,
  hub = 'dynamic',
  latencyMs = 5,
}: Cast): SimOptions {
  return {
    seed: 1,
    machines: members,
    processes,
    clients,
    dynamicHubs: hub === 'dynamic' ? 1 : 0,
    staticHubs: hub === 'static' ? 1 : 0,
    capacity: 100,
    chaosMs: 0,
    network: {
      latencyMs,
      lossRate: 0,
      duplicateRate: 0,
      duplicateLateMs: 0,
      slowRate: 0,
      slowMs: 0,
    },
    table: {
      latencyMs: 3,
      slowRate: 0,
      slowMs: 0,
      throttleRate: 0,
      failAfterRate: 0,
      repeatRate: 0,
      repeatMs: 0,
      shortPageRate: 0,
    },
    queue: { duplicateRate: 0, lateRate: 0, lateMs: 0 },
    crashRate: 0,
    controlClockMs: 0,
    driftMax: 0,
    mishapEveryMs: Number.POSITIVE_INFINITY,
    mishaps: Object.fromEntries(mishaps.map((mishap) => [mishap, 0])) as SimOptions['mishaps'],
    witness: false,
    naughtyRate: 0,
    limited: false,
  };
}
