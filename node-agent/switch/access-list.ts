import { CompiledRule } from './access-rule.ts';
import type { Attachment } from './attachment.ts';
import type { AccessRule } from './hub-rules.ts';
import type { Packet } from './parse/packet.ts';

/**
 * A hub's access list in the order of its priorities; of equals, those that pass are tried first,
 * as in genuine servers. Up to the first rule that names a receiver, rules are tried when a frame
 * arrives; from there on, for each receiver (protocol/06 §6).
 */
export class AccessList {
  readonly #onArrival: readonly CompiledRule[];
  readonly #onDelivery: readonly CompiledRule[];

  constructor(rules: readonly AccessRule[], appliesToArp: boolean) {
    const ordered = rules
      .filter((rule) => rule.active !== false)
      .sort(compareRules)
      .map((rule) => new CompiledRule(rule, appliesToArp));
    const split = ordered.findIndex((rule) => rule.namesReceiver);
    this.#onArrival = split < 0 ? ordered : ordered.slice(0, split);
    this.#onDelivery = split < 0 ? [] : ordered.slice(split);
  }

  /** Whether frames must be looked at when they arrive or are delivered. */
  get isEmpty(): boolean {
    return this.#onArrival.length === 0 && this.#onDelivery.length === 0;
  }

  get looksAtReceivers(): boolean {
    return this.#onDelivery.length > 0;
  }

  /** The rule that decides a frame on arrival, if one does. */
  onArrival(packet: Packet, from: Attachment): CompiledRule | undefined {
    const rules = this.#onArrival;
    for (let i = 0; i < rules.length; i++) {
      if (rules[i]?.matches(packet, from)) return rules[i];
    }
    return undefined;
  }

  /** Whether a frame that none decided on arrival is kept from this receiver. */
  discards(packet: Packet, from: Attachment, to: Attachment): boolean {
    const rules = this.#onDelivery;
    for (let i = 0; i < rules.length; i++) {
      const rule = rules[i] as CompiledRule;
      if (rule.matches(packet, from, to)) return rule.discard;
    }
    return false;
  }
}

function compareRules(one: AccessRule, other: AccessRule): number {
  return (
    one.priority - other.priority ||
    Number(one.discard) - Number(other.discard) ||
    one.id - other.id
  );
}
