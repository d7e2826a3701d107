import type { AgentApi, Answer } from '#node-agent/control/agent-api.ts';
import type { Desired, Observed } from '#shared/contract/heartbeat.ts';
import type { JoinRequest, JoinResponse } from '#shared/contract/member.ts';
import type { ProblemKind } from '#shared/contract/problem.ts';
import type { Grant, RedeemRequest } from '#shared/contract/ticket.ts';

/** A question that waits for the test to answer it. */
export interface Asked<Body, Value> {
  readonly body: Body;
  readonly deadlineMs: number;
  answer(answer: Answer<Value>): Promise<void>;
}

export const active: Answer<Desired> = { kind: 'ok', value: { state: 'active', orders: [] } };
export const away: Answer<never> = { kind: 'unreachable', detail: 'no answer' };
export const problem = (kind: ProblemKind): Answer<never> => ({
  kind: 'problem',
  problem: { kind, detail: 'because' },
});

/** An agent API whose answers are given by hand. */
export class ScriptedApi implements AgentApi {
  readonly joins: Asked<JoinRequest, JoinResponse>[] = [];
  readonly heartbeats: Asked<Observed, Desired>[] = [];
  readonly redeems: Asked<RedeemRequest, Grant>[] = [];

  join(body: JoinRequest, deadlineMs: number): Promise<Answer<JoinResponse>> {
    return ask(this.joins, body, deadlineMs);
  }

  heartbeat(body: Observed, deadlineMs: number): Promise<Answer<Desired>> {
    return ask(this.heartbeats, structuredClone(body), deadlineMs);
  }

  redeem(body: RedeemRequest, deadlineMs: number): Promise<Answer<Grant>> {
    return ask(this.redeems, body, deadlineMs);
  }

  get lastHeartbeat(): Asked<Observed, Desired> {
    const last = this.heartbeats.at(-1);
    if (last === undefined) throw new Error('no heartbeat was sent');
    return last;
  }

  get lastJoin(): Asked<JoinRequest, JoinResponse> {
    const last = this.joins.at(-1);
    if (last === undefined) throw new Error('no join was sent');
    return last;
  }
}

function ask<Body, Value>(
  list: Asked<Body, Value>[],
  body: Body,
  deadlineMs: number,
): Promise<Answer<Value>> {
  return new Promise((resolve) => {
    list.push({
      body,
      deadlineMs,
      answer: async (answer) => {
        resolve(answer);
        for (let i = 0; i < 5; i++) await Promise.resolve(); // let whoever awaits it go on
      },
    });
  });
}
