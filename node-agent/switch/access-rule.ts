import { nameKey } from '#shared/kernel/ids.ts';
import type { Attachment } from './attachment.ts';
import type { AccessRule, MaskedAddress } from './hub-rules.ts';
import { i32, u16 } from './parse/bytes.ts';
import { etherType } from './parse/ethernet.ts';
import { type Packet, tcpFlag } from './parse/packet.ts';
import { redirectAnswer } from './redirect.ts';

const anyPort = { first: 0, last: 0 };

/** One entry of the access list, ready to be compared with packets (protocol/06 §6). */
export class CompiledRule {
  readonly id: number;
  readonly discard: boolean;
  readonly delayMs: number;
  readonly jitterPercent: number;
  readonly lossPercent: number;
  /** The answer that TCP data is given; nothing if left out. */
  readonly redirect: Buffer | undefined;
  /** It must be tried for each receiver. */
  readonly namesReceiver: boolean;

  readonly #ip: 4 | 6;
  readonly #appliesToArp: boolean;
  readonly #source: MaskedWords | undefined;
  readonly #destination: MaskedWords | undefined;
  readonly #sourceMac: MaskedWords | undefined;
  readonly #destinationMac: MaskedWords | undefined;
  readonly #protocol: number;
  readonly #sourcePorts: { readonly first: number; readonly last: number };
  readonly #destinationPorts: { readonly first: number; readonly last: number };
  readonly #hasPorts: boolean;
  readonly #tcpState: 'opening' | 'established' | undefined;
  readonly #sourceUser: string | undefined;
  readonly #destinationUser: string | undefined;

  constructor(rule: AccessRule, appliesToArp: boolean) {
    this.id = rule.id;
    this.discard = rule.discard;
    this.delayMs = rule.delayMs ?? 0;
    this.jitterPercent = rule.jitterPercent ?? 0;
    this.lossPercent = rule.lossPercent ?? 0;
    this.redirect = rule.redirectUrl ? redirectAnswer(rule.redirectUrl) : undefined;
    this.namesReceiver = rule.destinationUser !== undefined;
    this.#ip = rule.ipVersion;
    this.#appliesToArp = appliesToArp;
    this.#source = masked(rule.source);
    this.#destination = masked(rule.destination);
    this.#sourceMac = rule.sourceMac && new MaskedWords(rule.sourceMac);
    this.#destinationMac = rule.destinationMac && new MaskedWords(rule.destinationMac);
    this.#protocol = rule.protocol ?? 0;
    this.#sourcePorts = rule.sourcePorts ?? anyPort;
    this.#destinationPorts = rule.destinationPorts ?? anyPort;
    this.#hasPorts = !isAnyPort(this.#sourcePorts) || !isAnyPort(this.#destinationPorts);
    this.#tcpState = rule.tcpState;
    this.#sourceUser = rule.sourceUser && nameKey(rule.sourceUser);
    this.#destinationUser = rule.destinationUser && nameKey(rule.destinationUser);
  }

  /** @param to who would receive it; left out before that is known */
  matches(packet: Packet, from: Attachment, to?: Attachment): boolean {
    if (packet.type === etherType.arp && !this.#appliesToArp) return false;
    if (this.#sourceMac !== undefined && !this.#sourceMac.isMac(packet.frame, 6)) return false;
    if (this.#destinationMac !== undefined && !this.#destinationMac.isMac(packet.frame, 0)) {
      return false;
    }
    if (this.#sourceUser !== undefined && !isPrincipal(this.#sourceUser, from)) return false;
    if (this.#destinationUser !== undefined && !isPrincipal(this.#destinationUser, to))
      return false;
    return this.#matchesAddresses(packet) && this.#matchesTransport(packet);
  }

  #matchesAddresses(packet: Packet): boolean {
    const [source, destination] = [this.#source, this.#destination];
    if (source === undefined && destination === undefined) return true;
    if (this.#ip === 4) {
      if (packet.ip !== 4 && !packet.arp) return false;
      return (
        (source === undefined || source.isIp4(packet.source0, packet.arp)) &&
        (destination === undefined || destination.isIp4(packet.destination0, packet.arp))
      );
    }
    if (packet.ip !== 6) return false;
    return (
      (source === undefined ||
        source.isIp6(packet.source0, packet.source1, packet.source2, packet.source3)) &&
      (destination === undefined ||
        destination.isIp6(
          packet.destination0,
          packet.destination1,
          packet.destination2,
          packet.destination3,
        ))
    );
  }

  #matchesTransport(packet: Packet): boolean {
    const speaksOfIp = this.#protocol !== 0 || this.#hasPorts || this.#tcpState !== undefined;
    if (!speaksOfIp) return true;
    if (packet.ip !== this.#ip) return false;
    if (this.#protocol !== 0 && packet.protocol !== this.#protocol) return false;
    if (this.#hasPorts) {
      if (packet.transport !== 'tcp' && packet.transport !== 'udp') return false;
      if (!isPort(packet.sourcePort, this.#sourcePorts)) return false;
      if (!isPort(packet.destinationPort, this.#destinationPorts)) return false;
    }
    if (this.#tcpState === undefined) return true;
    if (packet.transport !== 'tcp') return false;
    const opening = (packet.tcpFlags & (tcpFlag.syn | tcpFlag.ack)) === tcpFlag.syn;
    return opening === (this.#tcpState === 'opening');
  }
}

/** An address under a mask, as signed words; of a MAC address, the first has two bytes. */
class MaskedWords {
  readonly #words: readonly number[];
  readonly #masks: readonly number[];

  constructor({ address, mask }: MaskedAddress) {
    this.#masks = wordsOf(mask);
    this.#words = wordsOf(address).map((word, i) => word & (this.#masks[i] as number));
  }

  isMac(frame: Uint8Array, at: number): boolean {
    return this.#is(0, u16(frame, at)) && this.#is(1, i32(frame, at + 2));
  }

  /** ARP may speak for no address at all. */
  isIp4(address: number, arp: boolean): boolean {
    if (arp && (address === 0 || address === -1)) return false;
    return this.#is(0, address);
  }

  isIp6(a: number, b: number, c: number, d: number): boolean {
    return this.#is(0, a) && this.#is(1, b) && this.#is(2, c) && this.#is(3, d);
  }

  #is(index: number, word: number): boolean {
    return (word & (this.#masks[index] as number)) === this.#words[index];
  }
}

/** Hex of 4, 6 or 16 bytes; of 6, the first word has two. */
function wordsOf(hex: string): number[] {
  const padded = hex.padStart(Math.ceil(hex.length / 8) * 8, '0');
  return (padded.match(/.{8}/g) ?? []).map((word) => Number.parseInt(word, 16) | 0);
}

/** Nothing where every address would do, which genuine servers write as zeros. */
function masked(given: MaskedAddress | undefined): MaskedWords | undefined {
  if (given === undefined || /^0*$/.test(given.address + given.mask)) return undefined;
  return new MaskedWords(given);
}

function isPrincipal(name: string, attachment: Attachment | undefined): boolean {
  if (attachment === undefined) return false;
  if (name.startsWith('@')) return attachment.groupKey === name.slice(1);
  return attachment.userKey === name || attachment.groupKey === name;
}

function isAnyPort({ first, last }: { readonly first: number; readonly last: number }): boolean {
  return first === 0 && last === 0;
}

function isPort(port: number, range: { readonly first: number; readonly last: number }): boolean {
  return isAnyPort(range) || (port >= range.first && port <= range.last);
}
