import type { Problem } from '#shared/contract/problem.ts';
import type { AdminPorts } from '../admin/method.ts';
import type { DelayQueue } from '../store/delay-queue.ts';

/** What the agent API works with: with what the administration does, which it relays (ADR 0034). */
export interface AgentApi extends AdminPorts {
  readonly watchdogQueue: DelayQueue;
  /** What members' keys to each other are made from (ADR 0003). */
  readonly witnessKey: () => Promise<Buffer>;
  /** What authenticates the challenges administrators answer at members. */
  readonly adminChallengeKey: () => Promise<Buffer>;
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
