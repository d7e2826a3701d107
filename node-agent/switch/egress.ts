import type { Attachment } from './attachment.ts';
import type { DropReason } from './drop-reason.ts';
import { frameClass, reasonOf } from './frame-class.ts';
import type { HubProgram } from './hub-program.ts';
import type { Inspection } from './inspection.ts';
import { u16 } from './parse/bytes.ts';
import { etherType } from './parse/ethernet.ts';
import { offersRouter, withoutRouter } from './router-advertisement.ts';
import { isInVlan, withoutTag } from './vlan.ts';

const noFrame = Buffer.alloc(0);

/** What a receiver may be given instead of the frame. */
type Variant = 'as-is' | 'routerless' | 'untagged' | 'routerless-untagged';

/**
 * What a frame goes through for each choosy receiver (protocol/06 §4b). What is made for one of
 * them is used again for the next.
 */
export class Egress {
  /** What the receiver that was judged last is given, if it is given anything. */
  frame: Buffer = noFrame;

  readonly #inspection: Inspection;
  #program: HubProgram;
  #whole: Buffer = noFrame;
  #from: Attachment | undefined;
  #decided = false;
  #flooded = false;
  readonly #variants = new Map<Variant, Buffer>();

  constructor(inspection: Inspection, program: HubProgram) {
    this.#inspection = inspection;
    this.#program = program;
  }

  /**
   * A frame that the inspection has at hand, too.
   *
   * @param decided a rule of the access list has decided it on arrival
   */
  begin(
    program: HubProgram,
    frame: Buffer,
    from: Attachment,
    decided: boolean,
    flooded: boolean,
  ): void {
    this.#program = program;
    this.#whole = frame;
    this.#from = from;
    this.#decided = decided;
    this.#flooded = flooded;
    if (this.#variants.size > 0) this.#variants.clear();
  }

  /** Why this receiver does not get the frame; else what it gets is in {@link frame}. */
  judge(to: Attachment, nowMs: number): DropReason | undefined {
    const program = this.#program;
    const from = this.#from as Attachment;
    if (this.#flooded && program.dormantMs !== 0 && nowMs - to.sentMs >= program.dormantMs) {
      return 'dormant';
    }
    if (to.vlanId !== 0 && !isInVlan(this.#whole, program.vlanType, to.vlanId)) return 'other-vlan';
    if (to.egressMask !== 0) {
      const forbidden = this.#classesFor(to) & (to.egressMask | frameClass.malformed);
      if (forbidden !== 0) return reasonOf(forbidden);
    }
    if (to.privacy && from.privacy && this.#isPrivate(from, to)) return 'privacy';
    const list = program.accessList;
    if (!this.#decided && list.looksAtReceivers) {
      if (list.discards(this.#inspection.packet, from, to)) return 'access-list';
    }
    if (to.download !== undefined && (this.#inspection.classes & frameClass.urgent) === 0) {
      if (!to.download.admits(this.#whole.length, nowMs)) return 'download-limit';
    }
    this.frame = this.#variantFor(to);
    return undefined;
  }

  /** Of the frame as the receiver gets it: without its own VLAN's tag. */
  #classesFor(to: Attachment): number {
    const { classes } = this.#inspection;
    if (to.vlanId === 0) return classes;
    const type = u16(this.#whole, 16);
    const isIp = type === etherType.ip4 || type === etherType.arp || type === etherType.ip6;
    return isIp ? classes & ~frameClass.nonIp : classes;
  }

  #isPrivate(from: Attachment, to: Attachment): boolean {
    const { options } = this.#program;
    const { classes, packet } = this.#inspection;
    if (!options.dropBroadcastsInPrivacyFilterMode && packet.toGroup) return false;
    if (!options.dropArpInPrivacyFilterMode && (classes & frameClass.arp) !== 0) return false;
    const sameUser = from.userKey !== undefined && from.userKey === to.userKey;
    return !(options.allowSameUserInPrivacyFilterMode && sameUser);
  }

  #variantFor(to: Attachment): Buffer {
    const routerless = this.#program.hidesRouters(to) && offersRouter(this.#inspection.packet);
    if (routerless) return this.#variant(to.vlanId === 0 ? 'routerless' : 'routerless-untagged');
    return this.#variant(to.vlanId === 0 ? 'as-is' : 'untagged');
  }

  #variant(variant: Variant): Buffer {
    if (variant === 'as-is') return this.#whole;
    const made = this.#variants.get(variant) ?? this.#make(variant);
    this.#variants.set(variant, made);
    return made;
  }

  #make(variant: Variant): Buffer {
    switch (variant) {
      case 'as-is':
        return this.#whole;
      case 'routerless':
        return withoutRouter(this.#inspection.packet);
      case 'untagged':
        return withoutTag(this.#whole);
      case 'routerless-untagged':
        return withoutTag(this.#variant('routerless'));
    }
  }
}
