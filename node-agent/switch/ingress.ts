import type { CompiledRule } from './access-rule.ts';
import type { Attachment } from './attachment.ts';
import type { Chance } from './chance.ts';
import type { DropReason } from './drop-reason.ts';
import { frameClass, reasonOf } from './frame-class.ts';
import type { HubProgram } from './hub-program.ts';
import type { Inspection } from './inspection.ts';
import { frameBytesMax, vlanTagBytes } from './parse/ethernet.ts';
import { isTcpData, redirectFrame } from './redirect.ts';
import { withMssAtMost } from './tcp-mss.ts';
import { withTag } from './vlan.ts';

const noFrame = Buffer.alloc(0);

/**
 * What a frame from an inspected attachment goes through before it is bridged: MSS, upload limit,
 * policy, the hub's filters, the access list, its VLAN's tag (protocol/06 §2, steps 1 to 7). Rules
 * judge what the attachment sent, not the tag that is put on it.
 */
export class Ingress {
  // What became of the last frame that passed.
  /** The frame, or what stands for it from here on. */
  frame: Buffer = noFrame;
  /** A rule decided it: rules are not asked again for its receivers. */
  decided = false;
  /** It is held back so long. */
  delayMs = 0;

  readonly #inspection: Inspection;
  readonly #chance: Chance;

  constructor(inspection: Inspection, chance: Chance) {
    this.#inspection = inspection;
    this.#chance = chance;
  }

  /** Why the frame is dropped; else it passes, as the fields above say. */
  judge(
    program: HubProgram,
    arrived: Buffer,
    from: Attachment,
    nowMs: number,
  ): DropReason | undefined {
    const inspection = this.#inspection;
    inspection.begin(arrived, program.vlanType);
    this.decided = false;
    this.delayMs = 0;
    if (from.upload !== undefined && (inspection.classes & frameClass.urgent) === 0) {
      if (!from.upload.admits(arrived.length, nowMs)) return 'upload-limit';
    }
    const forbidden = inspection.classes & program.ingressMask(from);
    if (forbidden !== 0) return reasonOf(forbidden);
    if (!program.accessList.isEmpty) {
      const rule = program.accessList.onArrival(inspection.packet, from);
      if (rule !== undefined) {
        const reason = this.#apply(rule, from);
        if (reason !== undefined) return reason;
      }
    }
    const { mssMax, vlanType } = program;
    const frame = mssMax === 0 ? arrived : withMssAtMost(inspection.packet, mssMax);
    if (from.vlanId === 0) {
      this.frame = frame;
      return undefined;
    }
    if (frame.length + vlanTagBytes > frameBytesMax) return 'frame-too-long';
    this.frame = withTag(frame, vlanType, from.vlanId);
    return undefined;
  }

  #apply(rule: CompiledRule, from: Attachment): DropReason | undefined {
    this.decided = true;
    const { packet } = this.#inspection;
    if (rule.redirect !== undefined && isTcpData(packet)) {
      if (from.userKey !== undefined) from.port.deliver(redirectFrame(packet, rule.redirect));
      return 'redirected';
    }
    if (rule.discard) return 'access-list';
    if (rule.lossPercent > 0 && this.#chance.below(100) < rule.lossPercent) return 'loss';
    if (rule.delayMs > 0) {
      const jitterMs = (rule.delayMs * rule.jitterPercent) / 100;
      const share = this.#chance.below(2_001) / 1_000 - 1;
      this.delayMs = Math.max(0, rule.delayMs + share * jitterMs);
    }
    return undefined;
  }
}
