/** How an instance refresh goes about it, in per cent of the desired capacity. */
export interface RefreshPreferences {
  /** So much stays in service. */
  readonly minHealthyPercentage: number;
  /** So much may be there at a time; more than 100 launches before it terminates. */
  readonly maxHealthyPercentage: number;
  /** Of new machines; the group's own, if left out. */
  readonly warmupMs?: number;
}

export const defaultPreferences: RefreshPreferences = {
  minHealthyPercentage: 90,
  maxHealthyPercentage: 100,
};

/** The group as an instance refresh sees it. */
export interface RefreshView {
  readonly desired: number;
  /** In service and warmed up: from before the refresh, and launched since. */
  readonly oldHealthy: number;
  readonly newHealthy: number;
  /** On their way into service. */
  readonly newPending: number;
  /** From before the refresh, neither healthy nor on their way out: the first to go. */
  readonly oldUnhealthy: number;
  /** On their way out, their place to be taken by another. */
  readonly leaving: number;
  /** On their way out, their successor being there. */
  readonly succeeded: number;
}

export type RefreshStep =
  | { readonly kind: 'done' }
  | { readonly kind: 'wait' }
  /** Terminate so many old ones, and launch so many beyond the desired capacity. */
  | { readonly kind: 'go'; readonly terminate: number; readonly launch: number };

/**
 * The next step of an instance refresh, as EC2 Auto Scaling takes it: at least the minimum stays
 * healthy; with a maximum above 100 % machines are launched before others are terminated, else a
 * machine is terminated before its successor is launched, one at a time if the minimum allows none.
 */
export function nextRefreshStep(view: RefreshView, preferences: RefreshPreferences): RefreshStep {
  const { desired, oldHealthy, newHealthy, newPending, oldUnhealthy, leaving, succeeded } = view;
  const old = oldHealthy + oldUnhealthy;
  if (old + leaving + succeeded + newPending === 0 && newHealthy >= desired) {
    return { kind: 'done' };
  }
  const { minHealthyPercentage: min, maxHealthyPercentage: max } = preferences;
  const surplusMax = max > 100 ? Math.max(1, Math.floor((desired * (max - 100)) / 100)) : 0;
  const wanted = Math.ceil((desired * min) / 100);
  const healthyMin = surplusMax > 0 ? Math.min(wanted, desired) : Math.min(wanted, desired - 1);
  const healthy = oldHealthy + newHealthy;
  const spare = Math.max(0, healthy - healthyMin);
  const terminate = Math.min(old, oldUnhealthy + spare);
  const total = old + newHealthy + newPending + leaving;
  const missing = desired - newHealthy - newPending;
  const launch = Math.max(0, Math.min(missing, desired + surplusMax - total));
  return terminate + launch > 0 ? { kind: 'go', terminate, launch } : { kind: 'wait' };
}
