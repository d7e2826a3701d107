import type { Clock, Timers } from '#shared/kernel/clock.ts';
import type { Log } from '#shared/kernel/log.ts';
import type { Random } from '#shared/kernel/random.ts';
import type { Redirect } from '#shared/wire/redirect.ts';
import type { DialedSession, SessionEnd } from './dialed-session.ts';

/** How the dialing side proves who it is. */
export type DialCredential =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'password'; readonly password: string }
  /** Sent as it is, for users that are verified elsewhere. */
  | { readonly kind: 'plain'; readonly password: string }
  /** Go to a member directly; whoever dials a front door gets its ticket from the Redirect. */
  | { readonly kind: 'ticket'; readonly ticket: Buffer };

export interface DialOptions {
  /** Address or name of the front door, or of a single server. */
  readonly address: string;
  readonly port: number;
  readonly hub: string;
  readonly user: string;
  readonly credential: DialCredential;

  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;

  /** TCP connections wanted, 1..32; the server may allow fewer. */
  readonly maxConnections?: number;
  /** Take part as a bridge: many MAC addresses behind one session. */
  readonly bridge?: boolean;
  readonly monitor?: boolean;
  readonly useCompress?: boolean;
  /** Each connection one way only; the server says which. */
  readonly halfDuplex?: boolean;
  /** The server keeps a connection for frames that cannot wait. */
  readonly qos?: boolean;
  /** Shown in session lists. A name with "server" or "bridge" in it makes the session a bridge. */
  readonly clientName?: string;
  readonly clientVer?: number;
  readonly clientBuild?: number;
  /** 16 bytes; sessions of one user with the same id do not count as several. */
  readonly uniqueId?: Buffer;
  /** What the login calls the server; genuine clients send the configured name. */
  readonly serverHostname?: string;
  /** DER of the certificate expected at `address`; a Redirect brings its own. */
  readonly pin?: Buffer;
  /** Ask `GET /` first, as clients up to 5.01 do. */
  readonly probe?: boolean;
  /** Without it a Redirect is the outcome. */
  readonly followRedirect?: boolean;
  /** From the first packet to Welcome, all hops together. */
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;

  /** How often a missing connection is tried. */
  readonly additionalConnectEveryMs?: number;
  readonly onFrame?: (frame: Buffer) => void;
  readonly onEnd?: (end: SessionEnd) => void;
  /** Room again after {@link DialedSession.send} had to drop. */
  readonly onDrain?: () => void;
}

/** What an attempt led to. Faults of the network or the other side are thrown as `DialError`. */
export type DialOutcome =
  | { readonly kind: 'connected'; readonly session: DialedSession }
  /** SoftEther error number, and who said it. */
  | { readonly kind: 'rejected'; readonly code: number; readonly by: string }
  | { readonly kind: 'redirected'; readonly redirect: Redirect };

/** As stable 4.44, which follows a Redirect as we do: by name or address, with any connections. */
export const defaultClientVer = 444;
export const defaultClientBuild = 9807;
export const defaultClientName = 'etherfleet client';
export const defaultDeadlineMs = 15_000;
export const defaultAdditionalConnectEveryMs = 1_000;
/** Hops of one attempt; genuine clients have no limit and can be led in circles. */
export const redirectsMax = 3;
/** One attempt to add a connection. */
export const additionalConnectDeadlineMs = 10_000;
