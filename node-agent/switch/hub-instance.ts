import { assert } from '#shared/kernel/assert.ts';
import type { Clock } from '#shared/kernel/clock.ts';
import { Attachment, type AttachmentOptions, type Port } from './attachment.ts';
import { DropCounters, type DropReason } from './drop-reason.ts';
import { MacTable, notFound } from './mac-table.ts';

/** Bounds of a hub instance (protocol/06 §1). */
export interface SwitchLimits {
  readonly macEntriesMax: number;
  /** An address not seen for this long is forgotten. */
  readonly macAgeMs: number;
  /** Forgetting costs a pass over the table, so it happens at most this often. */
  readonly purgeEveryMs: number;
}

export const switchLimits: SwitchLimits = {
  macEntriesMax: 65_536,
  macAgeMs: 600_000,
  purgeEveryMs: 1_000,
};

export interface HubInstanceOptions {
  /** For logs. */
  readonly name: string;
  readonly clock: Clock;
  /** Whether this member may forward the hub's frames now; asked once per batch (I2). */
  readonly mayForward: (monotonicMs: number) => boolean;
  /** Any u32; keeps senders from choosing addresses that collide. */
  readonly seed: number;
  readonly limits?: SwitchLimits;
}

/** What went through, for lists and heartbeats. */
export interface ForwardCounters {
  frames: number;
  bytes: number;
  flooded: number;
}

const headerBytes = 14;

/**
 * A learning bridge: one hub, on one member, at one epoch. It knows nothing of sockets, sessions or
 * other hubs (I13). Callers say {@link beginBatch} once, then {@link forward} for each frame.
 */
export class HubInstance {
  // Fixed at construction.
  readonly name: string;
  readonly drops = new DropCounters();
  readonly forwarded: ForwardCounters = { frames: 0, bytes: 0, flooded: 0 };
  readonly #clock: Clock;
  readonly #limits: SwitchLimits;
  readonly #mayForward: (monotonicMs: number) => boolean;

  readonly #macs: MacTable<Attachment>;
  readonly #floodTargets: Attachment[] = [];
  readonly #monitors: Attachment[] = [];
  #closed = false;

  // Of the batch being forwarded.
  #nowMs = 0;
  #held = false;
  #purgedMs = Number.NEGATIVE_INFINITY;

  constructor(options: HubInstanceOptions) {
    this.name = options.name;
    this.#clock = options.clock;
    this.#mayForward = options.mayForward;
    this.#limits = options.limits ?? switchLimits;
    this.#macs = new MacTable(this.#limits.macEntriesMax, options.seed);
  }

  get attachments(): readonly Attachment[] {
    return [...this.#floodTargets, ...this.#monitors];
  }

  get macEntries(): number {
    return this.#macs.size;
  }

  attach(port: Port, options: AttachmentOptions): Attachment {
    assert(!this.#closed, 'nothing attaches to a closed hub instance');
    const attachment = new Attachment(this, port, options);
    (attachment.monitor ? this.#monitors : this.#floodTargets).push(attachment);
    return attachment;
  }

  /** Unplug; what it had learned is forgotten. May be called twice. */
  detach(attachment: Attachment): void {
    assert(attachment.hub === this, 'an attachment belongs to one hub instance');
    if (!attachment.attached) return;
    attachment.attached = false;
    const list = attachment.monitor ? this.#monitors : this.#floodTargets;
    list.splice(list.indexOf(attachment), 1);
    if (attachment.macs > 0) this.#macs.retain((owner) => owner !== attachment);
    attachment.macs = 0;
  }

  /** From here on nothing is forwarded, whatever is still attached. */
  close(): void {
    this.#closed = true;
  }

  /** Read the clock and ask the fence, once for all frames that arrived together. */
  beginBatch(): void {
    this.#nowMs = this.#clock.monotonicMs();
    this.#held = this.#mayForward(this.#nowMs);
  }

  /** Count frames dropped on the way to or from this hub instance by someone else. */
  drop(reason: DropReason, frames = 1): void {
    this.drops.count(reason, frames);
  }

  /** Bridge one frame. Allocates nothing unless it teaches a new address. */
  forward(frame: Buffer, from: Attachment): void {
    assert(from.hub === this, 'I13: no frame crosses hubs');
    const reason = this.#refuse(frame, from) ?? this.#learn(frame, from);
    if (reason !== undefined) {
      this.drops.count(reason);
      return;
    }
    this.forwarded.frames += 1;
    this.forwarded.bytes += frame.length;
    for (let i = 0; i < this.#monitors.length; i++) this.#monitors[i]?.port.deliver(frame);
    this.#send(frame, from);
  }

  /** Every fault found in this instance's own indexes; none, if all is well. */
  consistencyCheck(): string[] {
    const faults: string[] = [];
    const counted = new Map<Attachment, number>();
    for (const { owner, high, low } of this.#macs.entries()) {
      counted.set(owner, (counted.get(owner) ?? 0) + 1);
      if (!owner.attached) faults.push(`${macText(high, low)} belongs to ${owner.name}: detached`);
      const slot = this.#macs.find(high, low);
      if (slot === notFound || this.#macs.ownerAt(slot) !== owner) {
        faults.push(`${macText(high, low)} is in the table but not found`);
      }
    }
    for (const attachment of this.attachments) {
      const macs = counted.get(attachment) ?? 0;
      if (macs !== attachment.macs) {
        faults.push(`${attachment.name} counts ${attachment.macs} addresses, the table ${macs}`);
      }
      if (!attachment.attached) faults.push(`${attachment.name} is listed but detached`);
    }
    if (this.#macs.size > this.#limits.macEntriesMax)
      faults.push('the MAC table is over its limit');
    return faults;
  }

  #refuse(frame: Buffer, from: Attachment): DropReason | undefined {
    if (this.#closed || !from.attached) return 'hub-closed';
    if (!this.#held) return 'fenced';
    if (frame.length < headerBytes) return 'frame-too-short';
    if (from.monitor) return 'from-monitor';
    const high = frame.readUInt16BE(6);
    const low = frame.readUInt32BE(8);
    if ((high & 0x0100) !== 0) return 'source-group';
    if (high === 0 && low === 0) return 'source-zero';
    if (high === frame.readUInt16BE(0) && low === frame.readUInt32BE(2)) {
      return 'source-is-destination';
    }
    if (from.ip4Limit !== undefined && !from.ip4Limit.admits(frame, this.#nowMs)) return 'ip-limit';
    return undefined;
  }

  /** Remember where the source lives. A station that moved is believed, as genuine hubs do. */
  #learn(frame: Buffer, from: Attachment): DropReason | undefined {
    const high = frame.readUInt16BE(6);
    const low = frame.readUInt32BE(8);
    let slot = this.#macs.find(high, low);
    if (slot === notFound || this.#macs.ownerAt(slot) !== from) {
      if (this.#purge()) slot = this.#macs.find(high, low);
      if (from.macs >= from.macsMax) return 'mac-limit';
      if (slot === notFound) {
        if (!this.#macs.add(high, low, from, this.#nowMs)) return 'mac-table-full';
      } else {
        this.#macs.ownerAt(slot).macs -= 1;
      }
      from.macs += 1;
    }
    if (slot !== notFound) this.#macs.touch(slot, from, this.#nowMs);
    return undefined;
  }

  #send(frame: Buffer, from: Attachment): void {
    if ((frame.readUInt8(0) & 0x01) === 0) {
      const slot = this.#macs.find(frame.readUInt16BE(0), frame.readUInt32BE(2));
      if (slot !== notFound && this.#isFresh(this.#macs.seenMsAt(slot))) {
        const to = this.#macs.ownerAt(slot);
        if (to === from) this.drops.count('same-port');
        else to.port.deliver(frame);
        return;
      }
    }
    this.forwarded.flooded += 1;
    for (let i = 0; i < this.#floodTargets.length; i++) {
      const to = this.#floodTargets[i];
      if (to !== undefined && to !== from) to.port.deliver(frame);
    }
  }

  #isFresh(seenMs: number): boolean {
    return this.#nowMs - seenMs < this.#limits.macAgeMs;
  }

  /** Forget what is too old, when an address is about to be learned; true if the table changed. */
  #purge(): boolean {
    if (this.#nowMs - this.#purgedMs < this.#limits.purgeEveryMs) return false;
    this.#purgedMs = this.#nowMs;
    this.#macs.retain((owner, seenMs) => {
      if (this.#isFresh(seenMs)) return true;
      owner.macs -= 1;
      return false;
    });
    return true;
  }
}

function macText(high: number, low: number): string {
  const hex = high.toString(16).padStart(4, '0') + low.toString(16).padStart(8, '0');
  return hex.replace(/(..)(?!$)/g, '$1:');
}
