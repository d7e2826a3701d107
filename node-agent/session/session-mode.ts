import { isBridge, type Login } from '#shared/wire/login.ts';
import type { Policy } from '#shared/wire/policy.ts';

/** How a session takes part in its hub: the client's wishes, its policy (protocol/05 §8). */
export interface SessionMode {
  /**
   * The policy as it applies: a session that is no bridge may neither bridge nor route, which also
   * bounds its addresses, and one that did not ask to be a monitor is none. Welcome says it, and
   * the hub enforces it.
   */
  readonly policy: Policy;
  readonly bridge: boolean;
  readonly monitor: boolean;
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
  const monitor = wishes.requireMonitorMode;
  if (monitor && !granted.monitorPort) return { kind: 'monitor-denied' };
  if (bridge && granted.noBridge && granted.noRouting) return { kind: 'bridge-denied' };
  const asked = { ...granted, monitorPort: monitor };
  const policy = bridge ? asked : { ...asked, noBridge: true, noRouting: true };
  return { kind: 'allowed', mode: { policy, bridge, monitor } };
}
