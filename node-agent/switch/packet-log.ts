import type { Fields, Log } from '#shared/kernel/log.ts';
import { destinationText, macText, sourceText } from './address-text.ts';
import type { Attachment } from './attachment.ts';
import { frameClass } from './frame-class.ts';
import type { HubOptions, PacketLogKind, PacketLogLevel } from './hub-rules.ts';
import type { Inspection } from './inspection.ts';
import { type Packet, tcpFlag } from './parse/packet.ts';
import { RateWindow } from './rate-window.ts';

/** Events of one hub: a log is no copy of the traffic. */
const perMinuteMax = 6_000;
const levels: readonly PacketLogLevel[] = ['none', 'header', 'payload'];
const tcpConnection = tcpFlag.syn | tcpFlag.fin | tcpFlag.rst;
const dnsPort = 53;

/** A hub's packet log: one event `hub.packet` for each forwarded packet of the kinds configured. */
export class PacketLog {
  readonly #log: Log;
  readonly #hub: string;
  readonly #levels: Readonly<Partial<Record<PacketLogKind, PacketLogLevel>>>;
  readonly #window = new RateWindow();
  readonly #windows = new WeakMap<Attachment, RateWindow>();

  constructor(
    log: Log,
    hub: string,
    kinds: Readonly<Partial<Record<PacketLogKind, PacketLogLevel>>>,
  ) {
    this.#log = log;
    this.#hub = hub;
    this.#levels = kinds;
  }

  /** @param to left out where the packet is flooded */
  note(
    inspection: Inspection,
    from: Attachment,
    to: Attachment | undefined,
    options: HubOptions,
    nowMs: number,
  ): void {
    const { packet, classes } = inspection;
    if (options.noIpV4PacketLog && (classes & frameClass.ip4) !== 0) return;
    if (options.noIpV6PacketLog && (classes & frameClass.ip6) !== 0) return;
    const level = this.#levelOf(packet, classes);
    if (level === 0 || !this.#admits(from, options.maxLoggedPacketsPerMinute, nowMs)) return;
    const { suppressed } = this.#window;
    this.#window.suppressed = 0;
    this.#log.info('hub.packet', {
      hub: this.#hub,
      from: from.name,
      to: to?.name,
      ...fieldsOf(packet),
      ...(level === 2 && { payload: packet.frame.toString('hex') }),
      ...(suppressed > 0 && { suppressed }),
    });
  }

  #admits(from: Attachment, perSessionMax: number, nowMs: number): boolean {
    if (perSessionMax > 0) {
      const window = this.#windows.get(from) ?? new RateWindow();
      this.#windows.set(from, window);
      if (!window.admits(perSessionMax, nowMs)) return false;
    }
    return this.#window.admits(perMinuteMax, nowMs);
  }

  /** The highest of all kinds the packet is of. */
  #levelOf(packet: Packet, classes: number): number {
    let level = this.#level('ethernet');
    if (packet.arp) level = Math.max(level, this.#level('arp'));
    if (packet.ip === 0) return level;
    level = Math.max(level, this.#level('ip'));
    const { sourcePort, destinationPort } = packet;
    switch (packet.transport) {
      case 'tcp': {
        const opens = (packet.tcpFlags & tcpConnection) !== 0;
        return Math.max(level, this.#level('tcp'), opens ? this.#level('tcpConnection') : 0);
      }
      case 'udp': {
        const isDhcp = (classes & (frameClass.dhcp4 | frameClass.dhcp6)) !== 0;
        const isDns = sourcePort === dnsPort || destinationPort === dnsPort;
        level = Math.max(level, this.#level('udp'), isDhcp ? this.#level('dhcp') : 0);
        return Math.max(level, isDns ? this.#level('tcpConnection') : 0);
      }
      case 'icmp':
      case 'icmp6':
        return Math.max(level, this.#level('icmp'));
      case 'none':
        return level;
    }
  }

  #level(kind: PacketLogKind): number {
    return levels.indexOf(this.#levels[kind] ?? 'none');
  }
}

function fieldsOf(packet: Packet): Fields {
  const { frame, transport } = packet;
  const hasPorts = transport === 'tcp' || transport === 'udp';
  return {
    sourceMac: macText(frame, 6),
    destinationMac: macText(frame, 0),
    bytes: frame.length,
    type: packet.type,
    ...(packet.vlanId !== 0 && { vlan: packet.vlanId }),
    ...((packet.ip !== 0 || packet.arp) && {
      source: sourceText(packet),
      destination: destinationText(packet),
    }),
    ...(packet.ip !== 0 && { protocol: packet.protocol }),
    ...(hasPorts && { sourcePort: packet.sourcePort, destinationPort: packet.destinationPort }),
    ...(transport === 'tcp' && { tcpFlags: packet.tcpFlags }),
    ...(transport.startsWith('icmp') && { icmpType: packet.icmpType }),
  };
}
