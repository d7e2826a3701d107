import { AddressTable } from './address-table.ts';
import { ip4Text, ip6Text } from './address-text.ts';
import type { Attachment } from './attachment.ts';
import type { DropReason } from './drop-reason.ts';
import { none } from './holdings.ts';
import type { HubOptions } from './hub-rules.ts';
import { LearnedAddresses, type LearnedTable, together } from './learned.ts';
import { arpSenderIpOffset, isIp4Arp } from './parse/arp.ts';
import { i32, u16 } from './parse/bytes.ts';
import { DhcpLease, isDhcpPort } from './parse/dhcp.ts';
import { etherType } from './parse/ethernet.ts';
import { isLocalIp6, isPrivateIp4, isUnicastIp6 } from './parse/ip-scope.ts';
import { ip4HeaderBytes } from './parse/ip4.ts';
import { ip6HeaderBytes } from './parse/ip6.ts';
import { isRouterOrDhcp6 } from './parse/neighbour.ts';
import { ipProtocol } from './parse/packet.ts';

/** protocol/06 §1. */
export const ipEntriesMax = 65_536;
export const ipAgeMs = 60_000;
export const leasedIpAgeMs = 300_000;
/** An address may not change hands before, where CheckIP or CheckIPv6 forbids it. */
export const exclusiveMs = 13_000;
/** An attachment at its limit has its stale addresses looked for at most this often. */
const staleEveryMs = 1_000;

/** In place of an entry: an address that may be used and is not kept. */
const unmanaged = -2;

/** What the table asks of its hub instance. */
export interface Stations {
  /** Who has a MAC address, in a VLAN. */
  find(low: number, high: number, vlanId: number): Attachment | undefined;
  /** A DHCP server at `from` has lent an address to a station elsewhere, of `to`. */
  onLent(address: number, leaseSec: number, from: Attachment, to: Attachment): void;
}

/**
 * Which IP address is used by which attachment (protocol/06 §3), learned from what attachments send
 * and from what DHCP servers lend. Leases count until they end, so that a quiet client with
 * DHCPForce is not locked out. IPv4 addresses are kept apart by VLAN.
 */
export class IpTable {
  readonly #ip4: AddressTable<Attachment>;
  readonly #ip6: AddressTable<Attachment>;
  readonly #stations: Stations;
  readonly #lease = new DhcpLease();
  /** The entry of the address learned last, or {@link unmanaged}. */
  #learned = none;
  options: HubOptions;

  constructor(options: HubOptions, seed: number, stations: Stations) {
    this.options = options;
    this.#ip4 = new AddressTable(ipEntriesMax, seed, (owner) => owner.ip4s);
    this.#ip6 = new AddressTable(ipEntriesMax, ~seed, (owner) => owner.ip6s);
    this.#stations = stations;
  }

  get size(): number {
    return this.#ip4.size + this.#ip6.size;
  }

  /** Learn from a frame whose type is at `typeAt`, or say why it may not pass. */
  see(
    frame: Buffer,
    typeAt: number,
    vlanId: number,
    from: Attachment,
    nowMs: number,
  ): DropReason | undefined {
    const at = typeAt + 2;
    switch (u16(frame, typeAt)) {
      case etherType.ip4: {
        if (frame.length < at + ip4HeaderBytes || (frame[at] as number) >> 4 !== 4)
          return undefined;
        if (frame[at + 9] === ipProtocol.udp && this.#isDhcp(frame, at, vlanId, from, nowMs)) {
          return undefined;
        }
        return this.#see4(i32(frame, at + 12), vlanId, from, nowMs);
      }
      case etherType.arp:
        if (!isIp4Arp(frame, at)) return undefined;
        return this.#see4(i32(frame, at + arpSenderIpOffset), vlanId, from, nowMs);
      case etherType.ip6:
        return frame.length < at + ip6HeaderBytes ? undefined : this.#see6(frame, at, from, nowMs);
      default:
        return undefined;
    }
  }

  forget(owner: Attachment): void {
    this.#ip4.removeAllOf(owner);
    this.#ip6.removeAllOf(owner);
  }

  /** What administrators may look at: IPv4 addresses first. */
  learned(nowMs: number): LearnedTable {
    const kinds = [
      [this.#ip4, ([address = 0]: readonly number[]) => ip4Text(address)],
      [this.#ip6, ip6Text],
    ] as const;
    return together(
      kinds.map(([table, textOf], index) => {
        const isFour = index === 0;
        return new LearnedAddresses(table, {
          bit: isFour ? 0 : 1,
          textOf,
          vlanOf: ([, vlanId = 0]) => (isFour ? vlanId : 0),
          isFresh: (entry) => isFresh(table, entry, nowMs),
        });
      }),
    );
  }

  #see4(address: number, vlanId: number, from: Attachment, nowMs: number): DropReason | undefined {
    const table = this.#ip4;
    const known = from.sourceIp4.recall(address, vlanId, table.generation);
    if (known === unmanaged) return undefined;
    if (known !== none && nowMs - table.seenMsAt(known) < ipAgeMs) {
      table.touch(known, nowMs);
      return undefined;
    }
    if (address === 0 || address === -1) return undefined;
    const refused = this.#learn4(address, vlanId, from, nowMs);
    if (refused === undefined) {
      from.sourceIp4.note(address, vlanId, this.#learned, table.generation);
    }
    return refused;
  }

  #learn4(
    address: number,
    vlanId: number,
    from: Attachment,
    nowMs: number,
  ): DropReason | undefined {
    const table = this.#ip4;
    const entry = freshEntry(table, table.find(address, vlanId, 0, 0), nowMs);
    this.#learned = entry;
    if (entry !== none && table.ownerAt(entry) === from) {
      table.touch(entry, nowMs);
      return undefined;
    }
    if (from.checkIp && entry !== none && nowMs - table.seenMsAt(entry) <= exclusiveMs) {
      return 'ip-conflict';
    }
    if (from.dhcpForce && (entry === none || table.leaseMsAt(entry) === 0)) return 'dhcp-force';
    if (from.ip4s.count >= from.limits.ip4Max) {
      removeStale(table, from, nowMs);
      if (from.ip4s.count >= from.limits.ip4Max) return 'ip-limit';
    }
    if (entry !== none) table.move(entry, from, nowMs);
    else if (!this.options.manageOnlyPrivateIp || isPrivateIp4(address)) {
      makeRoom(table);
      this.#learned = table.add(address, vlanId, 0, 0, from, nowMs);
    } else this.#learned = unmanaged;
    return undefined;
  }

  #see6(frame: Buffer, at: number, from: Attachment, nowMs: number): DropReason | undefined {
    const table = this.#ip6;
    const a = i32(frame, at + 8);
    const b = i32(frame, at + 12);
    const c = i32(frame, at + 16);
    const d = i32(frame, at + 20);
    if (!isUnicastIp6(a, b, c, d)) return undefined;
    const entry = freshEntry(table, table.find(a, b, c, d), nowMs);
    if (entry !== none && table.ownerAt(entry) === from) {
      table.touch(entry, nowMs);
      return undefined;
    }
    if (from.checkIpV6 && entry !== none && nowMs - table.seenMsAt(entry) <= exclusiveMs) {
      return 'ip-conflict';
    }
    if (from.ip6s.count >= from.limits.ip6Max) {
      removeStale(table, from, nowMs);
      if (from.ip6s.count >= from.limits.ip6Max && !isRouterOrDhcp6(frame, at)) return 'ip-limit';
    }
    if (entry !== none) table.move(entry, from, nowMs);
    else if (!this.options.manageOnlyLocalUnicastIpV6 || isLocalIp6(a)) {
      makeRoom(table);
      table.add(a, b, c, d, from, nowMs);
    }
    return undefined;
  }

  /** Whether a UDP packet is DHCP, which speaks for no address yet; what it lends is noted. */
  #isDhcp(frame: Buffer, at: number, vlanId: number, from: Attachment, nowMs: number): boolean {
    if ((u16(frame, at + 6) & 0x1fff) !== 0) return false;
    const udp = at + ((frame[at] as number) & 0x0f) * 4;
    if (udp + 8 > frame.length || !isDhcpPort(u16(frame, udp), u16(frame, udp + 2))) return false;
    const end = Math.min(frame.length, at + u16(frame, at + 2));
    if (this.#lease.read(frame, udp + 8, end)) this.#lend(vlanId, from, nowMs);
    return true;
  }

  #lend(vlanId: number, from: Attachment, nowMs: number): void {
    const { address, macLow, macHigh, leaseSec } = this.#lease;
    const owner = this.#stations.find(macLow, macHigh, vlanId);
    if (owner === undefined) return;
    const table = this.#ip4;
    let entry = table.find(address, vlanId, 0, 0);
    if (entry === none) {
      makeRoom(table);
      entry = table.add(address, vlanId, 0, 0, owner, nowMs);
      table.generation += 1; // somebody may use it as one that is not kept
    } else if (table.ownerAt(entry) !== owner) table.move(entry, owner, nowMs);
    else table.touch(entry, nowMs);
    if (owner !== from) this.#stations.onLent(address, leaseSec, from, owner);
    table.setLeaseMs(entry, nowMs + Math.max(leaseSec * 1_000, leasedIpAgeMs));
  }
}

function isFresh(table: AddressTable<Attachment>, entry: number, nowMs: number): boolean {
  const leaseMs = table.leaseMsAt(entry);
  const ageMs = leaseMs === 0 ? ipAgeMs : leasedIpAgeMs;
  return nowMs < leaseMs || nowMs - table.seenMsAt(entry) < ageMs;
}

/** The entry if it still counts; else it is removed. */
function freshEntry(table: AddressTable<Attachment>, entry: number, nowMs: number): number {
  if (entry === none || isFresh(table, entry, nowMs)) return entry;
  table.remove(entry);
  return none;
}

function removeStale(table: AddressTable<Attachment>, owner: Attachment, nowMs: number): void {
  const holdings = table.holdingsOf(owner);
  if (nowMs - holdings.purgedMs < staleEveryMs) return;
  holdings.purgedMs = nowMs;
  table.removeStale(owner, (entry) => isFresh(table, entry, nowMs));
}

/** A full table forgets what was unseen longest. */
function makeRoom(table: AddressTable<Attachment>): void {
  if (table.isFull) table.remove(table.oldest);
}
