import type { Timing } from '#shared/contract/timing.ts';
import { assert } from '#shared/kernel/assert.ts';

/** The clockwork of witnesses, milliseconds, made from the cluster's {@link Timing} (ADR 0003). */
export interface WitnessTiming {
  /** Peers are asked this often while there is something to ask. */
  readonly askEveryMs: number;
  /** An answer counts this long from the moment its question was sent. */
  readonly validMs: number;
  /** Questions begin this long before the lease runs out. */
  readonly askAheadMs: number;
  /** A lease renewed at most this long ago is fresh: only then are hub instances started. */
  readonly freshMs: number;
  /** Freshness must have lasted this long before peers that were not reached may be passed over. */
  readonly settleMs: number;
  /** In an outage nobody's lease was renewed later than ours by more than this. */
  readonly skewMs: number;
  /** Peers that could not be told of a lease are tried again this often. */
  readonly retellEveryMs: number;
  /** Who was stopped has been told again by then, though something was lost. */
  readonly listenMs: number;
}

export function witnessTiming(timing: Timing): WitnessTiming {
  const { heartbeatEveryMs, clockErrorMs, leaseTtlMs } = timing;
  const validMs = (heartbeatEveryMs * 3) / 4;
  const freshMs = (heartbeatEveryMs * 5) / 4;
  const retellEveryMs = (heartbeatEveryMs * 5) / 2;
  const skewMs = leaseTtlMs - clockErrorMs - validMs - freshMs;
  assert(
    skewMs > heartbeatEveryMs,
    'members are renewed a period apart: their leases must not look like a control plane at work',
  );
  return {
    askEveryMs: validMs / 5,
    validMs,
    askAheadMs: validMs,
    freshMs,
    settleMs: validMs + validMs / 15,
    skewMs,
    retellEveryMs,
    listenMs: 2 * retellEveryMs + validMs,
  };
}
