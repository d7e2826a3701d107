import { assert } from '#shared/kernel/assert.ts';
import type { Clock, Timers } from '#shared/kernel/clock.ts';
import type { Log } from '#shared/kernel/log.ts';
import { Attachment, type AttachmentOptions, type Port } from './attachment.ts';
import { Chance } from './chance.ts';
import { DelayQueue, HeldBytes } from './delay-queue.ts';
import { DropCounters, type DropReason } from './drop-reason.ts';
import { Egress } from './egress.ts';
import { destinationWord, sourceWord } from './flood-key.ts';
import { HubProgram } from './hub-program.ts';
import type { HubRules } from './hub-rules.ts';
import { Ingress } from './ingress.ts';
import { Inspection } from './inspection.ts';
import { IpTable } from './ip-table.ts';
import { type LearnedTable, together } from './learned.ts';
import { PacketLog } from './packet-log.ts';
import { i32, u16 } from './parse/bytes.ts';
import { ethernetBytes, innerTypeOffset, isVlanType } from './parse/ethernet.ts';
import { SecurityLog } from './security-log.ts';
import { type StationLimits, StationTable } from './station-table.ts';
import { StormLimiter } from './storm-limiter.ts';

/** Bounds of a hub instance (protocol/06 §1). */
export interface SwitchLimits extends StationLimits {
  /** Frames of one attachment that rules may hold back at a time. */
  readonly heldFramesMax: number;
}

export const switchLimits: SwitchLimits = {
  macEntriesMax: 65_536,
  macAgeMs: 600_000,
  purgeEveryMs: 1_000,
  heldFramesMax: 1_024,
};

/** What frames held back by one hub instance take at most, where no member's bound is shared. */
const heldBytesMax = 4 * 1024 * 1024;

export interface HubInstanceOptions {
  /** For logs. */
  readonly name: string;
  readonly clock: Clock;
  /** Whether this member may forward the hub's frames now; asked once per batch (I2). */
  readonly mayForward: (monotonicMs: number) => boolean;
  /** Any u32; keeps senders from choosing addresses that collide. */
  readonly seed: number;
  readonly limits?: SwitchLimits;
  /** What it does beyond plain bridging; nothing if left out. */
  readonly rules?: HubRules;
  /** For rules that delay; without them nothing is held back. */
  readonly timers?: Timers;
  /** What is held back on the whole member. */
  readonly heldBytes?: HeldBytes;
  /** What waits for receivers on the whole member; without it no quota bounds flooding. */
  readonly queuedBytes?: () => number;
  /** Where security and packet log go. */
  readonly log?: Log;
}

/** What went through, for lists and heartbeats. */
export interface ForwardCounters {
  frames: number;
  bytes: number;
  flooded: number;
}

interface HeldFrame {
  readonly frame: Buffer;
  readonly from: Attachment;
}

/**
 * A learning bridge with a hub's rules: one hub, on one member, at one epoch. It knows nothing of
 * sockets, sessions or other hubs (I13). Callers say {@link beginBatch} once, then {@link forward}
 * for each frame.
 */
export class HubInstance {
  // Fixed at construction.
  readonly name: string;
  readonly drops = new DropCounters();
  readonly forwarded: ForwardCounters = { frames: 0, bytes: 0, flooded: 0 };
  readonly #options: HubInstanceOptions;
  readonly #clock: Clock;
  readonly #limits: SwitchLimits;
  readonly #chance: Chance;
  readonly #inspection = new Inspection();
  readonly #ingress: Ingress;
  readonly #egress: Egress;

  readonly #stations: StationTable;
  readonly #floodTargets: Attachment[] = [];
  readonly #monitors: Attachment[] = [];
  #delays: DelayQueue<HeldFrame> | undefined;
  #closed = false;

  // Of its rules; see configure().
  #program!: HubProgram;
  #ips: IpTable | undefined;
  #securityLog: SecurityLog | undefined;
  #packetLog: PacketLog | undefined;
  /** Somebody may look into frames on their way out: the packet log, or a choosy receiver. */
  #looks = false;

  // Of the batch being forwarded.
  #nowMs = 0;
  #held = false;

  constructor(options: HubInstanceOptions) {
    this.name = options.name;
    this.#options = options;
    this.#clock = options.clock;
    this.#limits = options.limits ?? switchLimits;
    this.#chance = new Chance(options.seed);
    this.#stations = new StationTable(this.#limits, options.seed, (frame, vlanId, from) =>
      this.#onLearned(frame, vlanId, from),
    );
    this.configure(options.rules ?? {});
    this.#ingress = new Ingress(this.#inspection, this.#chance);
    this.#egress = new Egress(this.#inspection, this.#program);
  }

  get attachments(): readonly Attachment[] {
    return [...this.#floodTargets, ...this.#monitors];
  }

  get macEntries(): number {
    return this.#stations.size;
  }

  get ipEntries(): number {
    return this.#ips?.size ?? 0;
  }

  /** The addresses it knows, for administrators. */
  learned(which: 'mac' | 'ip'): LearnedTable {
    const nowMs = this.#clock.monotonicMs();
    if (which === 'mac') return this.#stations.learned(nowMs);
    return this.#ips?.learned(nowMs) ?? together([]);
  }

  /** Frames that rules hold back at the moment. */
  get heldFrames(): number {
    return this.#delays?.size ?? 0;
  }

  /** Take over other rules; what was learned stays. */
  configure(rules: HubRules): void {
    const program = new HubProgram(rules);
    this.#program = program;
    if (program.options.noIpTable) this.#forgetIps();
    else if (this.#ips === undefined) this.#ips = this.#createIps();
    else this.#ips.options = program.options;
    const { log } = this.#options;
    const logs = rules.log ?? { security: true, packets: {} };
    const logsPackets = Object.values(logs.packets).some((level) => level !== 'none');
    const logsOffences = logs.security && !program.options.doNotSaveHeavySecurityLogs;
    this.#securityLog =
      log !== undefined && logsOffences
        ? (this.#securityLog ?? new SecurityLog(log, this.name))
        : undefined;
    this.#packetLog =
      log !== undefined && logsPackets ? new PacketLog(log, this.name, logs.packets) : undefined;
    this.#looks = this.#packetLog !== undefined;
    for (const attachment of this.attachments) this.#classify(attachment);
  }

  attach(port: Port, options: AttachmentOptions): Attachment {
    assert(!this.#closed, 'nothing attaches to a closed hub instance');
    const attachment = new Attachment(this, port, options);
    this.#classify(attachment);
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
    this.#stations.forget(attachment);
    this.#ips?.forget(attachment);
  }

  /** From here on nothing is forwarded, whatever is still attached. */
  close(): void {
    this.#closed = true;
    const held = this.#delays?.clear() ?? 0;
    if (held > 0) this.drops.count('hub-closed', held);
  }

  /** Read the clock and ask the fence, once for all frames that arrived together. */
  beginBatch(): void {
    this.#nowMs = this.#clock.monotonicMs();
    this.#held = this.#options.mayForward(this.#nowMs);
  }

  /** Count frames dropped on the way to or from this hub instance by someone else. */
  drop(reason: DropReason, frames = 1): void {
    this.drops.count(reason, frames);
  }

  /** Bridge one frame. Allocates nothing unless it teaches a new address or rules change it. */
  forward(frame: Buffer, from: Attachment): void {
    assert(from.hub === this, 'I13: no frame crosses hubs');
    const reason =
      this.#refuse(frame, from) ??
      (from.inspected ? this.#inspect(frame, from) : this.#bridge(frame, from, false, false));
    if (reason !== undefined) this.#dropped(reason, frame, from);
  }

  /** Every fault found in this instance's own indexes; none, if all is well. */
  consistencyCheck(): string[] {
    const detached = this.attachments.filter((attachment) => !attachment.attached);
    return [
      ...this.#stations.faults(this.attachments),
      ...detached.map(({ name }) => `${name} is listed but detached`),
    ];
  }

  #refuse(frame: Buffer, from: Attachment): DropReason | undefined {
    if (this.#closed || !from.attached) return 'hub-closed';
    if (!this.#held) return 'fenced';
    if (frame.length < ethernetBytes) return 'frame-too-short';
    if (from.monitor) return 'from-monitor';
    const high = u16(frame, 6);
    const low = i32(frame, 8);
    if ((high & 0x0100) !== 0) return 'source-group';
    if (low === 0 && high === 0) return 'source-zero';
    if (low === i32(frame, 2) && high === u16(frame, 0)) return 'source-is-destination';
    return undefined;
  }

  /** What rules say of a frame, before it is bridged. */
  #inspect(arrived: Buffer, from: Attachment): DropReason | undefined {
    const ingress = this.#ingress;
    const refused = ingress.judge(this.#program, arrived, from, this.#nowMs);
    if (refused !== undefined) return refused;
    if (ingress.delayMs < 1 || this.#options.timers === undefined) {
      return this.#bridge(ingress.frame, from, ingress.decided, ingress.frame === arrived);
    }
    return this.#hold(ingress.frame, from, ingress.delayMs) ? undefined : 'delay-queue-full';
  }

  /**
   * Learn, find the destination and deliver (protocol/06 §2, from step 8).
   *
   * @param decided a rule of the access list has let it pass
   * @param inspected the inspection has this very frame at hand
   */
  #bridge(
    frame: Buffer,
    from: Attachment,
    decided: boolean,
    inspected: boolean,
  ): DropReason | undefined {
    const program = this.#program;
    const nowMs = this.#nowMs;
    let typeAt = 12;
    let vlanId = 0;
    if (isVlanType(u16(frame, 12), program.vlanType)) {
      typeAt = innerTypeOffset(frame, program.vlanType);
      if (!program.options.noManageVlanId) vlanId = u16(frame, 14) & 0x0fff;
    }
    const untaught = this.#stations.learn(frame, vlanId, from, nowMs);
    if (untaught !== undefined) return untaught;
    from.sentMs = nowMs;
    const toGroup = ((frame[0] as number) & 0x01) !== 0;
    const to = toGroup ? undefined : this.#stations.destinationOf(frame, vlanId, from, nowMs);
    if (to === from) return 'same-port';
    const unlawful = this.#ips?.see(frame, typeAt, vlanId, from, nowMs);
    if (unlawful !== undefined) return unlawful;
    if (to === undefined && !this.#mayFlood(frame, typeAt, from)) return 'storm';
    this.forwarded.frames += 1;
    this.forwarded.bytes += frame.length;
    if (this.#looks) {
      if (!inspected) this.#inspection.begin(frame, program.vlanType);
      this.#packetLog?.note(this.#inspection, from, to, program.options, nowMs);
      this.#egress.begin(program, frame, from, decided, to === undefined);
    }
    for (let i = 0; i < this.#monitors.length; i++) {
      this.#copy(frame, this.#monitors[i] as Attachment);
    }
    if (to === undefined) this.#flood(frame, from);
    else if (to.choosy) this.#deliverTo(to);
    else to.port.deliver(frame);
    return undefined;
  }

  #mayFlood(frame: Buffer, typeAt: number, from: Attachment): boolean {
    if (from.policy?.noBroadcastLimiter) return true;
    from.storm ??= new StormLimiter(this.#options.seed, this.#chance);
    const { broadcastLimiterStrictMode: strict, broadcastStormDetectionThreshold } =
      this.#program.options;
    return from.storm.admits(
      i32(frame, 8),
      u16(frame, 6),
      strict ? 0 : sourceWord(frame, typeAt),
      strict ? 0 : destinationWord(frame, typeAt),
      broadcastStormDetectionThreshold,
      this.#nowMs,
    );
  }

  #flood(frame: Buffer, from: Attachment): void {
    this.forwarded.flooded += 1;
    const targets = this.#floodTargets;
    const quota = this.#program.options.floodingSendQueueBufferQuota;
    const { queuedBytes } = this.#options;
    const tight = queuedBytes !== undefined && quota > 0 && queuedBytes() >= quota;
    for (let i = 0; i < targets.length; i++) {
      const to = targets[i] as Attachment;
      if (to === from) continue;
      // Genuine servers then flood to nobody; here those who read lose nothing to those who do not.
      if (tight && to.port.isBehind !== false) this.drops.count('flood-quota');
      else if (to.choosy) this.#deliverTo(to);
      else to.port.deliver(frame);
    }
  }

  #deliverTo(to: Attachment): void {
    const refused = this.#egress.judge(to, this.#nowMs);
    if (refused === undefined) to.port.deliver(this.#egress.frame);
    else this.drops.count(refused);
  }

  /** Monitors hear what is forwarded as it is; only how much of it is their policy's business. */
  #copy(frame: Buffer, monitor: Attachment): void {
    if (monitor.download?.admits(frame.length, this.#nowMs) === false) {
      this.drops.count('download-limit');
    } else monitor.port.deliver(frame);
  }

  /** A frame is kept in bytes of its own: what it arrived in is larger and used again. */
  #hold(frame: Buffer, from: Attachment, delayMs: number): boolean {
    if (from.heldFrames >= this.#limits.heldFramesMax) return false;
    this.#delays ??= this.#createDelays();
    const item = { frame: Buffer.from(frame), from };
    if (!this.#delays.push(item, frame.length, delayMs)) return false;
    from.heldFrames += 1;
    return true;
  }

  /** Go on where the frame was held back, if the fence and its sender are still there. */
  #release({ frame, from }: HeldFrame): void {
    from.heldFrames -= 1;
    this.beginBatch();
    const reason = this.#refuse(frame, from) ?? this.#bridge(frame, from, true, false);
    if (reason !== undefined) this.#dropped(reason, frame, from);
  }

  #createDelays(): DelayQueue<HeldFrame> {
    const { timers, heldBytes } = this.#options;
    assert(timers !== undefined, 'frames are held back only where there are timers');
    return new DelayQueue(
      timers,
      () => this.#clock.monotonicMs(),
      heldBytes ?? new HeldBytes(heldBytesMax),
      (item) => this.#release(item),
    );
  }

  #createIps(): IpTable {
    return new IpTable(this.#program.options, this.#options.seed, {
      find: (low, high, vlanId) => this.#stations.find(low, high, vlanId),
      onLent: (address, leaseSec, from, to) =>
        this.#securityLog?.addressLent(address, leaseSec, from, to, this.#nowMs),
    });
  }

  #onLearned(frame: Buffer, vlanId: number, from: Attachment): void {
    if (this.#securityLog === undefined || this.#program.options.noMacAddressLog) return;
    this.#securityLog.macLearned(frame, vlanId, from, this.#nowMs);
  }

  #forgetIps(): void {
    for (const attachment of this.attachments) this.#ips?.forget(attachment);
    this.#ips = undefined;
  }

  #classify(attachment: Attachment): void {
    attachment.inspected = this.#program.inspects(attachment);
    attachment.choosy = this.#program.isChoosy(attachment);
    this.#looks ||= attachment.choosy;
  }

  #dropped(reason: DropReason, frame: Buffer, from: Attachment): void {
    this.drops.count(reason);
    this.#securityLog?.dropped(reason, frame, from, this.#nowMs);
  }
}
