import { AddressTable } from './address-table.ts';
import { macOf } from './address-text.ts';
import type { Attachment } from './attachment.ts';
import type { DropReason } from './drop-reason.ts';
import { none } from './holdings.ts';
import { exclusiveMs } from './ip-table.ts';
import { LearnedAddresses, type LearnedTable } from './learned.ts';
import { i32, u16 } from './parse/bytes.ts';

/** Bounds of a station table (protocol/06 §1). */
export interface StationLimits {
  readonly macEntriesMax: number;
  /** An address not seen for this long is forgotten. */
  readonly macAgeMs: number;
  /** An attachment at its limit has its aged addresses looked for at most this often. */
  readonly purgeEveryMs: number;
}

/** Which MAC address, in which VLAN, lives behind which attachment (protocol/06 §2). */
export class StationTable {
  readonly #limits: StationLimits;
  readonly #macs: AddressTable<Attachment>;
  readonly #onLearned: (frame: Buffer, vlanId: number, from: Attachment) => void;

  constructor(
    limits: StationLimits,
    seed: number,
    onLearned: (frame: Buffer, vlanId: number, from: Attachment) => void,
  ) {
    this.#limits = limits;
    this.#macs = new AddressTable(limits.macEntriesMax, seed, (owner) => owner.macs);
    this.#onLearned = onLearned;
  }

  get size(): number {
    return this.#macs.size;
  }

  /** Remember where the source lives. A station that moved is believed, unless CheckMac forbids. */
  learn(frame: Buffer, vlanId: number, from: Attachment, nowMs: number): DropReason | undefined {
    const table = this.#macs;
    const low = i32(frame, 8);
    const high = u16(frame, 6) | (vlanId << 16);
    let entry = from.source.recall(low, high, table.generation);
    if (entry === none) {
      entry = table.find(low, high, 0, 0);
      if (entry === none || table.ownerAt(entry) !== from) {
        const refused = this.#settle(low, high, entry, from, nowMs);
        if (refused === undefined) this.#onLearned(frame, vlanId, from);
        return refused;
      }
      from.source.note(low, high, entry, table.generation);
    }
    table.touch(entry, nowMs);
    return undefined;
  }

  /** Where a frame's destination lives, if that is known and not too long ago. */
  destinationOf(
    frame: Buffer,
    vlanId: number,
    from: Attachment,
    nowMs: number,
  ): Attachment | undefined {
    const table = this.#macs;
    const low = i32(frame, 2);
    const high = u16(frame, 0) | (vlanId << 16);
    let entry = from.destination.recall(low, high, table.generation);
    if (entry === none) {
      entry = table.find(low, high, 0, 0);
      if (entry === none) return undefined;
      from.destination.note(low, high, entry, table.generation);
    }
    return this.#isFresh(entry, nowMs) ? table.ownerAt(entry) : undefined;
  }

  /** Who has an address, by its last 32 and first 16 bits. */
  find(low: number, high: number, vlanId: number): Attachment | undefined {
    const entry = this.#macs.find(low, high | (vlanId << 16), 0, 0);
    return entry === none ? undefined : this.#macs.ownerAt(entry);
  }

  forget(owner: Attachment): void {
    this.#macs.removeAllOf(owner);
  }

  /** What administrators may look at. */
  learned(nowMs: number): LearnedTable {
    return new LearnedAddresses(this.#macs, {
      bit: 0,
      textOf: ([low = 0, high = 0]) => macOf(low, high & 0xffff),
      vlanOf: ([, high = 0]) => high >>> 16,
      isFresh: (entry) => this.#isFresh(entry, nowMs),
    });
  }

  /** Every fault in the table, or between it and what its attachments count. */
  faults(attachments: readonly Attachment[]): string[] {
    const faults: string[] = [];
    const counted = new Map<Attachment, number>();
    for (const { entry, key, owner } of this.#macs.entries()) {
      const [low = 0, high = 0] = key;
      counted.set(owner, (counted.get(owner) ?? 0) + 1);
      const mac = macOf(low, high & 0xffff);
      if (!owner.attached) faults.push(`${mac} belongs to ${owner.name}: detached`);
      if (this.#macs.find(low, high, 0, 0) !== entry) {
        faults.push(`${mac} is in the table but not found`);
      }
    }
    for (const attachment of attachments) {
      const [macs, own] = [counted.get(attachment) ?? 0, attachment.macs.count];
      if (macs !== own) faults.push(`${attachment.name} counts ${own} addresses, not ${macs}`);
    }
    if (this.size > this.#limits.macEntriesMax) faults.push('the MAC table is over its limit');
    return faults;
  }

  /** An address that is new, or was another's (`known`). */
  #settle(
    low: number,
    high: number,
    known: number,
    from: Attachment,
    nowMs: number,
  ): DropReason | undefined {
    const table = this.#macs;
    if (known !== none && from.checkMac) {
      if (nowMs - table.seenMsAt(known) <= exclusiveMs) return 'mac-conflict';
    }
    if (from.macs.count >= from.limits.macsMax) {
      this.#purge(from, nowMs);
      if (from.macs.count >= from.limits.macsMax) return 'mac-limit';
    }
    let entry = known;
    if (entry === none) {
      this.#forgetAged(nowMs);
      entry = table.add(low, high, 0, 0, from, nowMs);
      if (entry === none) return 'mac-table-full';
    } else {
      table.move(entry, from, nowMs);
    }
    from.source.note(low, high, entry, table.generation);
    return undefined;
  }

  #isFresh(entry: number, nowMs: number): boolean {
    return nowMs - this.#macs.seenMsAt(entry) < this.#limits.macAgeMs;
  }

  #purge(from: Attachment, nowMs: number): void {
    if (nowMs - from.macs.purgedMs < this.#limits.purgeEveryMs) return;
    from.macs.purgedMs = nowMs;
    this.#macs.removeStale(from, (entry) => this.#isFresh(entry, nowMs));
  }

  #forgetAged(nowMs: number): void {
    const table = this.#macs;
    while (table.oldest !== none && !this.#isFresh(table.oldest, nowMs)) table.remove(table.oldest);
  }
}
