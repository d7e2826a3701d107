import { ExclusiveRight } from '#node-agent/control/exclusive-right.ts';
import { Witness } from '#node-agent/control/witness.ts';
import { controlLimits } from '#node-agent/limits.ts';
import type { Peers, WitnessEndpoint } from '#shared/contract/peers.ts';
import { timing } from '#shared/contract/timing.ts';
import { silentLog } from '#shared/kernel/log.ts';
import { pairKey } from '#shared/witness/pair-key.ts';
import { seededRandom } from '#test/functions/doubles.ts';
import { ManualTime } from '#test/node-agent/dial/manual-time.ts';

const port = 443;

/** A member as far as witnesses go: somebody else sends its heartbeats. */
export class Member {
  readonly id: string;
  readonly witness: Witness;
  readonly right = new ExclusiveRight();
  readonly endpoint: WitnessEndpoint;
  readonly #group: WitnessGroup;
  #isRenewed = true;
  onPeerRenewed: () => void = () => undefined;

  constructor(group: WitnessGroup, number: number) {
    this.id = `i-${number}`;
    this.endpoint = { address: `10.0.0.${number}`, port };
    this.#group = group;
    this.witness = new Witness({
      clock: group.time,
      timers: group.time,
      random: group.random,
      log: silentLog,
      limits: controlLimits,
      right: this.right,
      send: (bytes, to) => group.carry(this, bytes, to),
      onPeerRenewed: () => this.onPeerRenewed(),
    });
  }

  join(epoch = 1): void {
    this.witness.joined({ memberId: this.id, epoch, timing });
  }

  /** A heartbeat that is acknowledged at once, and another each period. */
  beat(list: readonly Member[]): void {
    const { time } = this.#group;
    this.renew(list);
    time.after(timing.heartbeatEveryMs, () => {
      if (this.#isRenewed) this.beat(list);
    });
  }

  renew(list: readonly Member[], sentMs = this.#group.time.monotonicMs()): void {
    this.witness.lease.renewed(sentMs, timing.fenceAfterMs);
    this.witness.learn(this.#group.peersOf(this, list));
  }

  /** From now on none of its heartbeats is acknowledged. */
  silence(): void {
    this.#isRenewed = false;
  }

  get serves(): boolean {
    return this.right.held(this.#group.time.monotonicMs());
  }

  get mayOpen(): boolean {
    return this.right.mayOpen(this.#group.time.monotonicMs());
  }
}

/** Members in one time, on a network that does what it is told. */
export class WitnessGroup {
  readonly time = new ManualTime();
  readonly random = seededRandom(1);
  readonly members: Member[] = [];
  latencyMs = 1;
  /** What was sent, oldest first. */
  readonly sent: { readonly from: Member; readonly to: Member; readonly bytes: Buffer }[] = [];
  readonly #cuts = new Set<string>();
  /** Members nobody asks. */
  readonly gone = new Set<Member>();
  isComplete = true;

  add(): Member {
    const member = new Member(this, this.members.length + 1);
    this.members.push(member);
    return member;
  }

  /** Nothing gets from one to the other; back it does. */
  cut(from: Member, to: Member): void {
    this.#cuts.add(`${from.id} ${to.id}`);
  }

  mend(from: Member, to: Member): void {
    this.#cuts.delete(`${from.id} ${to.id}`);
  }

  carry(from: Member, bytes: Buffer, { address }: WitnessEndpoint): void {
    const to = this.members.find(({ endpoint }) => endpoint.address === address);
    if (to === undefined) return;
    this.sent.push({ from, to, bytes });
    if (this.#cuts.has(`${from.id} ${to.id}`)) return;
    this.time.after(this.latencyMs, () => to.witness.received(bytes, from.endpoint));
  }

  peersOf(reader: Member, list: readonly Member[]): Peers {
    const others = list.filter((member) => member !== reader);
    return {
      version: others.map(({ id }) => id).join() || 'nobody',
      key: keyOf(reader).toString('base64'),
      complete: this.isComplete,
      list: others.map((peer) => ({
        memberId: peer.id,
        ...peer.endpoint,
        key: pairKey(keyOf(peer), reader.id).toString('base64'),
        asked: !this.gone.has(peer),
      })),
    };
  }
}

function keyOf(member: Member): Buffer {
  return pairKey(Buffer.alloc(32, 7), member.id);
}
