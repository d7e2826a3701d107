import { isBridge, type Login } from '#shared/wire/login.ts';
import type { Policy } from '#shared/wire/policy.ts';

/** Address limits no policy can undercut, and those of a plain client (protocol/06 §1). */
const macsMaxLeast = 3;
const ip4MaxLeast = 4;

/** How a session takes part in its hub: the client's wishes, its policy (protocol/05 §8). */
export interface SessionMode {
  /** The policy as it applies: a session that is no bridge may neither bridge nor route. */
  readonly policy: Policy;
  readonly bridge: boolean;
  readonly monitor: boolean;
  readonly macsMax: number | undefined;
  readonly ip4Max: number | undefined;
}

export type ModeOutcome =
  | { readonly kind: 'allowed'; readonly mode: SessionMode }
  | { readonly kind: 'monitor-denied' }
  | { readonly kind: 'bridge-denied' };

/** The wishes count only as far as the grant's policy goes: the login here is not trusted. */
export function decideMode(
  wishes: Pick<Login, 'clientStr' | 'requireBridgeRoutingMode' | 'requireMonitorMode'>,
  granted: Policy,
): ModeOutcome {
  const bridge = isBridge(wishes);
  if (wishes.requireMonitorMode && !granted.monitorPort) return { kind: 'monitor-denied' };
  if (bridge && granted.noBridge && granted.noRouting) return { kind: 'bridge-denied' };
  const policy = bridge ? granted : { ...granted, noBridge: true, noRouting: true };
  return {
    kind: 'allowed',
    mode: {
      policy,
      bridge,
      monitor: wishes.requireMonitorMode,
      macsMax: limit(macsMaxLeast, policy.noBridge, policy.maxMac),
      ip4Max: limit(ip4MaxLeast, policy.noRouting, policy.maxIp),
    },
  };
}

/** max(least, min(forbidden ? least : none, policy's or none)); `undefined`: no limit. */
function limit(least: number, forbidden: boolean, byPolicy: number): number | undefined {
  if (forbidden) return least;
  return byPolicy === 0 ? undefined : Math.max(least, byPolicy);
}
