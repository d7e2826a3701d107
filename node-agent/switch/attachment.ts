import type { HubInstance } from './hub-instance.ts';
import { Ip4Limit } from './ip4-limit.ts';
import type { PortPolicy } from './port-policy.ts';

/** Where frames leave a hub instance: a session, a local bridge, a mesh link, a gateway. */
export interface Port {
  /** Take one frame. It may be kept but never written to: other ports were given the same bytes. */
  deliver(frame: Buffer): void;
}

export interface AttachmentOptions {
  /** For lists and logs. */
  readonly name: string;
  /** Receives a copy of every frame and may send none. */
  readonly monitor?: boolean;
  /** What it may send and hear; everything if left out. Limits given apart go before its own. */
  readonly policy?: PortPolicy | undefined;
  /** Whose it is and of which group, for access lists and the privacy filter. */
  readonly user?: string | undefined;
  readonly group?: string | undefined;
  /** Its client came in over IPv6. */
  readonly overIpV6?: boolean | undefined;
  /** MAC addresses it may use at a time; no limit but the table's if left out. */
  readonly macsMax?: number | undefined;
  /** IPv4 addresses it may use at a time; no limit if left out. */
  readonly ip4Max?: number | undefined;
}

/** One thing plugged into one hub instance, for its whole life. */
export class Attachment {
  // Fixed at construction.
  readonly hub: HubInstance;
  readonly port: Port;
  readonly name: string;
  readonly monitor: boolean;
  readonly macsMax: number;
  readonly ip4Limit: Ip4Limit | undefined;

  // Owned by the hub instance.
  /** Entries of the MAC table that name this attachment. */
  macs = 0;
  attached = true;

  constructor(hub: HubInstance, port: Port, options: AttachmentOptions) {
    this.hub = hub;
    this.port = port;
    this.name = options.name;
    this.monitor = options.monitor ?? false;
    this.macsMax = options.macsMax ?? Number.POSITIVE_INFINITY;
    this.ip4Limit = options.ip4Max === undefined ? undefined : new Ip4Limit(options.ip4Max);
  }
}
