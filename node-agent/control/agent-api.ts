import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';
import { type Dispatcher, request } from 'undici';
import * as z from 'zod';
import {
  type AdminCallAnswer,
  type AdminCallRequest,
  type AdminLoginAnswer,
  type AdminLoginRequest,
  adminCallAnswerSchema,
  adminLoginAnswerSchema,
} from '#shared/contract/admin-relay.ts';
import { type Desired, desiredSchema, type Observed } from '#shared/contract/heartbeat.ts';
import {
  type JoinRequest,
  type JoinResponse,
  joinResponseSchema,
} from '#shared/contract/member.ts';
import { type Problem, problemSchema } from '#shared/contract/problem.ts';
import { agentRoutes } from '#shared/contract/routes.ts';
import { type Grant, grantSchema, type RedeemRequest } from '#shared/contract/ticket.ts';
import { readBody } from './bounded-body.ts';
import type { SigningKeys } from './imds.ts';

/** What came of a question to the control plane. */
export type Answer<T> =
  | { readonly kind: 'ok'; readonly value: T }
  | { readonly kind: 'problem'; readonly problem: Problem }
  /** No answer that could be understood in time; it may have been carried out all the same. */
  | { readonly kind: 'unreachable'; readonly detail: string };

/** The three questions a member asks. Each has a deadline and never throws. */
export interface AgentApi {
  join(body: JoinRequest, deadlineMs: number): Promise<Answer<JoinResponse>>;
  heartbeat(body: Observed, deadlineMs: number): Promise<Answer<Desired>>;
  redeem(body: RedeemRequest, deadlineMs: number): Promise<Answer<Grant>>;
}

/** What a member passes on for administrators. Each has a deadline and never throws. */
export interface AdminApi {
  adminLogin(body: AdminLoginRequest, deadlineMs: number): Promise<Answer<AdminLoginAnswer>>;
  adminCall(body: AdminCallRequest, deadlineMs: number): Promise<Answer<AdminCallAnswer>>;
}

export interface SignedAgentApiOptions {
  readonly url: string;
  readonly region: string;
  readonly credentials: () => Promise<SigningKeys>;
  readonly dispatcher: Dispatcher;
  readonly answerBytesMax: number;
  /** Which of its machine's processes asks; the first, if left out. */
  readonly process?: number;
}

/** {@link AgentApi} over the IAM-protected function URL: JSON, signed for the service `lambda`. */
export class SignedAgentApi implements AgentApi, AdminApi {
  readonly #options: SignedAgentApiOptions;
  readonly #signer: SignatureV4;

  constructor(options: SignedAgentApiOptions) {
    this.#options = options;
    this.#signer = new SignatureV4({
      service: 'lambda',
      region: options.region,
      credentials: options.credentials,
      sha256: Sha256,
    });
  }

  join(body: JoinRequest, deadlineMs: number): Promise<Answer<JoinResponse>> {
    return this.#ask(agentRoutes.join, body, joinResponseSchema, deadlineMs);
  }

  heartbeat(body: Observed, deadlineMs: number): Promise<Answer<Desired>> {
    return this.#ask(agentRoutes.heartbeat, body, desiredSchema, deadlineMs);
  }

  redeem(body: RedeemRequest, deadlineMs: number): Promise<Answer<Grant>> {
    return this.#ask(agentRoutes.redeem, body, grantSchema, deadlineMs);
  }

  adminLogin(body: AdminLoginRequest, deadlineMs: number): Promise<Answer<AdminLoginAnswer>> {
    return this.#ask(agentRoutes.adminLogin, body, adminLoginAnswerSchema, deadlineMs);
  }

  adminCall(body: AdminCallRequest, deadlineMs: number): Promise<Answer<AdminCallAnswer>> {
    return this.#ask(agentRoutes.adminCall, body, adminCallAnswerSchema, deadlineMs);
  }

  async #ask<T>(
    path: string,
    body: object,
    schema: z.ZodType<T>,
    deadlineMs: number,
  ): Promise<Answer<T>> {
    try {
      const { process = 0 } = this.#options;
      const { status, text } = await this.#post(
        path,
        JSON.stringify({ ...body, process }),
        deadlineMs,
      );
      const json: unknown = JSON.parse(text);
      if (status === 200) return { kind: 'ok', value: schema.parse(json) };
      const problem = problemSchema.safeParse(json);
      if (problem.success) return { kind: 'problem', problem: problem.data };
      return { kind: 'unreachable', detail: `HTTP ${status}${saidBy(json)}` };
    } catch (error) {
      return { kind: 'unreachable', detail: describe(error) };
    }
  }

  async #post(
    path: string,
    body: string,
    deadlineMs: number,
  ): Promise<{ status: number; text: string }> {
    const url = new URL(path, this.#options.url);
    const signal = AbortSignal.timeout(deadlineMs);
    const signed = await abortable(
      this.#signer.sign({
        method: 'POST',
        protocol: url.protocol,
        hostname: url.hostname,
        path: url.pathname,
        query: {},
        headers: { host: url.host, 'content-type': 'application/json' },
        body,
      }),
      signal,
    );
    const { dispatcher, answerBytesMax } = this.#options;
    const answer = await request(url, {
      ...{ method: 'POST', headers: signed.headers, body, dispatcher, signal },
      ...{ headersTimeout: deadlineMs, bodyTimeout: deadlineMs },
    });
    return { status: answer.statusCode, text: await readBody(answer.body, answerBytesMax) };
  }
}

/** Give up waiting when the deadline passes; what was waited for has deadlines of its own. */
function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    promise.then(resolve, reject);
  });
}

const refusalSchema = z.object({ Message: z.string().optional(), message: z.string().optional() });
const refusalLengthMax = 200;

/**
 * What AWS says where the function was not asked: that a clock is wrong, or a key. Of more than one
 * line the others quote what was signed, and with it the session's token.
 */
function saidBy(answer: unknown): string {
  const { data } = refusalSchema.safeParse(answer);
  const [said] = (data?.Message ?? data?.message ?? '').split('\n');
  return said ? `: ${said.slice(0, refusalLengthMax)}` : '';
}

/** Names the error without what was sent: requests carry keys. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error';
  const code = 'code' in error ? `${String(error.code)}: ` : '';
  return `${error.name}: ${code}${error.message}`.slice(0, 500);
}
