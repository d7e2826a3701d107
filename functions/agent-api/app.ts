import { type Context, Hono } from 'hono';
import type { z } from 'zod';
import { adminCallRequestSchema, adminLoginRequestSchema } from '#shared/contract/admin-relay.ts';
import { observedSchema } from '#shared/contract/heartbeat.ts';
import { askerSchema, joinRequestSchema } from '#shared/contract/member.ts';
import { type Problem, problemStatus } from '#shared/contract/problem.ts';
import { agentBodyBytesMax, agentRoutes } from '#shared/contract/routes.ts';
import { redeemRequestSchema } from '#shared/contract/ticket.ts';
import { type MemberId, memberIdOn } from '#shared/kernel/ids.ts';
import { machineIdOf } from '../http/caller.ts';
import type { FunctionUrlBindings } from '../http/function-url.ts';
import { adminCall, adminLogin } from './admin-relay.ts';
import { type AgentApi, type Answer, problem } from './agent-api.ts';
import { heartbeat } from './heartbeat.ts';
import { withHubConfigs } from './hub-configs.ts';
import { join } from './join.ts';
import { redeem } from './redeem.ts';

type AgentContext = Context<{ Bindings: FunctionUrlBindings }>;

/**
 * What members ask the control plane. The machine that asks is proven by the signature, not
 * claimed; which of the machine's own members it is, it says (ADR 0030).
 */
export function agentApiApp(api: AgentApi): Hono<{ Bindings: FunctionUrlBindings }> {
  const app = new Hono<{ Bindings: FunctionUrlBindings }>();
  app.post(agentRoutes.join, (context) => serve(context, api, joinRequestSchema, join));
  const beat: typeof heartbeat = async (...call) => withHubConfigs(api, await heartbeat(...call));
  app.post(agentRoutes.heartbeat, (context) => serve(context, api, observedSchema, beat));
  app.post(agentRoutes.redeem, (context) => serve(context, api, redeemRequestSchema, redeem));
  app.post(agentRoutes.adminLogin, (c) => serve(c, api, adminLoginRequestSchema, adminLogin));
  app.post(agentRoutes.adminCall, (c) => serve(c, api, adminCallRequestSchema, adminCall));
  app.notFound(() => problemAnswer({ kind: 'invalid-request', detail: 'no such route' }));
  // An environment that fails us, or a bug: the invocation fails and rings; the node asks again.
  app.onError((error) => {
    throw error;
  });
  return app;
}

async function serve<T, R extends object>(
  context: AgentContext,
  api: AgentApi,
  schema: z.ZodType<T>,
  action: (api: AgentApi, memberId: MemberId, request: T) => Promise<Answer<R>>,
): Promise<Response> {
  const answer = await ask(context, api, schema, action);
  if (answer.kind === 'ok') return context.json(answer.value);
  const { kind, detail } = answer.problem;
  api.log.info('request.refused', {
    path: context.req.path,
    caller: context.env.callerArn,
    requestId: context.env.requestId,
    kind,
    detail,
  });
  return problemAnswer(answer.problem);
}

async function ask<T, R>(
  context: AgentContext,
  api: AgentApi,
  schema: z.ZodType<T>,
  action: (api: AgentApi, memberId: MemberId, request: T) => Promise<Answer<R>>,
): Promise<Answer<R>> {
  const machine = machineIdOf(context.env.callerArn);
  if (machine === undefined) return problem('not-a-member', 'the caller is no member');
  const body = await context.req.arrayBuffer();
  if (body.byteLength > agentBodyBytesMax) return problem('invalid-request', 'body too large');
  const json = jsonOf(Buffer.from(body).toString('utf8'));
  const asker = askerSchema.safeParse(json);
  if (!asker.success) return problem('invalid-request', firstIssue(asker.error));
  const parsed = schema.safeParse(json);
  if (!parsed.success) return problem('invalid-request', firstIssue(parsed.error));
  return action(api, memberIdOn(machine, asker.data.process), parsed.data);
}

/** Undefined, which no schema of ours accepts, for what is not JSON. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function firstIssue(error: z.ZodError): string {
  const issue = error.issues[0];
  return `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`.slice(0, 500);
}

function problemAnswer(body: Problem): Response {
  const status = problemStatus[body.kind];
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/problem+json' },
  });
}
