import type { Login } from '#shared/wire/login.ts';
import type { Policy } from '#shared/wire/policy.ts';
import { sessionConnectionsMax } from '#shared/wire/welcome.ts';

/** How many connections a session has, and what for; Welcome says so, and the client obeys. */
export interface ConnectionPlan {
  readonly connectionsMax: number;
  /** Each connection carries frames one way only. */
  readonly halfDuplex: boolean;
  /** The last connection is kept for frames that cannot wait behind others. */
  readonly qos: boolean;
}

/** What a session needs at least for each wish: one connection for each way, and for each kind. */
const perDirection = 2;
const perUrgency = 2;

export interface PlanLimits {
  readonly policy: Pick<Policy, 'maxConnection' | 'noQos'>;
  /** Clients that misplace additional connections get one (protocol/04 §3). */
  readonly single: boolean;
  readonly monitor: boolean;
}

/**
 * Wishes raise the number of connections, as genuine servers do (protocol/05 §1), but never above
 * the policy: where there is no room for a wish, the wish goes, QoS before half duplex.
 */
export function planConnections(
  wishes: Pick<Login, 'maxConnection' | 'halfConnection' | 'qos'>,
  { policy, single, monitor }: PlanLimits,
): ConnectionPlan {
  const allowed = policy.maxConnection === 0 ? sessionConnectionsMax : policy.maxConnection;
  const most = single ? 1 : Math.min(allowed, sessionConnectionsMax);
  const halfDuplex = wishes.halfConnection && most >= perDirection;
  const directions = halfDuplex ? perDirection : 1;
  const qos = wishes.qos && !policy.noQos && !monitor && most >= directions * perUrgency;
  const least = directions * (qos ? perUrgency : 1);
  return {
    connectionsMax: Math.max(least, Math.min(wishes.maxConnection, most)),
    halfDuplex,
    qos,
  };
}
