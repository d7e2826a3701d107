import type { Problem } from '#shared/contract/problem.ts';
import type { Clock } from '#shared/kernel/clock.ts';
import type { Log } from '#shared/kernel/log.ts';
import type { DelayQueue } from '../store/delay-queue.ts';
import type { Stores } from '../store/stores.ts';

/** What the agent API works with. */
export interface AgentApi {
  readonly stores: Stores;
  readonly watchdogQueue: DelayQueue;
  readonly clock: Clock;
  readonly log: Log;
  /** What members' keys to each other are made from (ADR 0003). */
  readonly witnessKey: () => Promise<Buffer>;
}

/** What a member asked is answered, or refused for a reason it can act upon. */
export type Answer<T> =
  | { readonly kind: 'ok'; readonly value: T }
  | { readonly kind: 'problem'; readonly problem: Problem };

export function ok<T>(value: T): Answer<T> {
  return { kind: 'ok', value };
}

export function problem(kind: Problem['kind'], detail: string): Answer<never> {
  return { kind: 'problem', problem: { kind, detail } };
}
