import type { Host } from '#test/netns/host.ts';
import type { Network } from '#test/netns/network.ts';
import { GenuineHub } from './genuine-hub.ts';
import { MemberHub, type MemberOptions } from './member-hub.ts';

/** How one session of a generator shows who it is. */
export type Login =
  | { readonly kind: 'password'; readonly user: string; readonly password: string }
  | { readonly kind: 'ticket'; readonly ticketHex: string };

/** A server with one hub, alone on its host. */
export interface ServerUnderTest {
  readonly title: string;
  readonly host: Host;
  readonly address: string;
  readonly port: number;
  readonly hub: string;
  /** The processes that serve, and nothing else of the bench. */
  pids(): Promise<number[]>;
  /** What stands behind it and is not measured. */
  readonly helperPids: readonly number[];
  /** For so many new sessions; used within a minute. */
  logins(count: number): Promise<Login[]>;
}

export const serverNames = ['etherfleet', 'genuine'] as const;
export type ServerName = (typeof serverNames)[number];

export async function startServer(
  name: ServerName,
  network: Network,
  options: MemberOptions,
): Promise<ServerUnderTest> {
  if (name === 'genuine') {
    return GenuineHub.start(await network.host('genuine', { addresses: ['10.77.0.2'] }));
  }
  return MemberHub.start(await network.host('member', { addresses: ['10.77.0.1'] }), options);
}
