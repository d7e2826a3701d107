import { nameKey } from '#shared/kernel/ids.ts';
import { Holdings, none } from './holdings.ts';
import type { HubInstance } from './hub-instance.ts';
import {
  type AddressLimits,
  addressLimitsOf,
  egressMaskOf,
  ingressMaskOf,
  noAddressLimits,
  type PortPolicy,
} from './port-policy.ts';
import { RateLimiter } from './rate-limiter.ts';
import type { StormLimiter } from './storm-limiter.ts';

/** Where frames leave a hub instance: a session, a local bridge, a mesh link, a gateway. */
export interface Port {
  /**
   * Take one frame. It may be kept but never written to: other ports were given the same bytes.
   * Answers are forwarded later, not before this returns.
   */
  deliver(frame: Buffer): void;
  /** Whether frames wait here because they leave slower than they come; left out: unknown. */
  readonly isBehind?: boolean;
}

export interface AttachmentOptions {
  /** For lists and logs. */
  readonly name: string;
  /** Receives a copy of every frame and may send none. */
  readonly monitor?: boolean;
  /** What it may send and hear; everything if left out. */
  readonly policy?: PortPolicy | undefined;
  /** Whose it is and of which group, for access lists and the privacy filter. */
  readonly user?: string | undefined;
  readonly group?: string | undefined;
  /** Its client came in over IPv6. */
  readonly overIpV6?: boolean | undefined;
}

/** One thing plugged into one hub instance, for its whole life. */
export class Attachment {
  // Fixed at construction.
  readonly hub: HubInstance;
  readonly port: Port;
  readonly name: string;
  readonly monitor: boolean;
  readonly policy: PortPolicy | undefined;
  readonly limits: AddressLimits;
  readonly userKey: string | undefined;
  readonly groupKey: string | undefined;
  readonly overIpV6: boolean;
  /** Classes of frames it may not send, and may not hear. */
  readonly ingressMask: number;
  readonly egressMask: number;
  readonly upload: RateLimiter | undefined;
  readonly download: RateLimiter | undefined;
  readonly vlanId: number;
  readonly checkMac: boolean;
  readonly checkIp: boolean;
  readonly checkIpV6: boolean;
  readonly dhcpForce: boolean;
  readonly privacy: boolean;

  // Owned by the hub instance.
  attached = true;
  /** Its frames are looked into before they are bridged; those for it, before delivery. */
  inspected = false;
  choosy = false;
  readonly macs = new Holdings();
  readonly ip4s = new Holdings();
  readonly ip6s = new Holdings();
  storm: StormLimiter | undefined;
  /** When it last sent anything. */
  sentMs = Number.NEGATIVE_INFINITY;
  /** Frames of its own that are held back. */
  heldFrames = 0;

  // What was looked up for its last frame, valid while the table's generation is the same.
  readonly source = new LastFound();
  readonly destination = new LastFound();
  readonly sourceIp4 = new LastFound();

  constructor(hub: HubInstance, port: Port, options: AttachmentOptions) {
    const { policy } = options;
    this.hub = hub;
    this.port = port;
    this.name = options.name;
    this.monitor = options.monitor ?? false;
    this.policy = policy;
    this.limits = policy === undefined ? noAddressLimits : addressLimitsOf(policy);
    this.userKey = options.user === undefined ? undefined : nameKey(options.user);
    this.groupKey = options.group === undefined ? undefined : nameKey(options.group);
    this.overIpV6 = options.overIpV6 ?? false;
    this.ingressMask = policy === undefined ? 0 : ingressMaskOf(policy);
    this.egressMask = policy === undefined ? 0 : egressMaskOf(policy);
    this.upload = policy?.maxUploadBps ? new RateLimiter(policy.maxUploadBps) : undefined;
    this.download = policy?.maxDownloadBps ? new RateLimiter(policy.maxDownloadBps) : undefined;
    this.vlanId = policy?.vlanId ?? 0;
    this.checkMac = policy?.checkMac ?? false;
    this.checkIp = policy !== undefined && (policy.checkIp || policy.dhcpForce);
    this.checkIpV6 = policy?.checkIpV6 ?? false;
    this.dhcpForce = policy?.dhcpForce ?? false;
    this.privacy = policy?.privacyFilter ?? false;
  }
}

/** An address and its entry in a table. */
export class LastFound {
  low = 0;
  high = 0;
  entry = none;
  generation = -1;

  note(low: number, high: number, entry: number, generation: number): void {
    this.low = low;
    this.high = high;
    this.entry = entry;
    this.generation = generation;
  }

  /** Its entry, or {@link none} if it is not this address or may have changed. */
  recall(low: number, high: number, generation: number): number {
    return low === this.low && high === this.high && generation === this.generation
      ? this.entry
      : none;
  }
}
