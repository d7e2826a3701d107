import type { IncomingMessage, Server } from 'node:http';
import type { Clock } from '#shared/kernel/clock.ts';
import { type Answer, lastHeaders, readBody, send } from '../http-server.ts';
import type { CredentialRegistry } from '../iam/credential-registry.ts';
import { explainRefusal } from '../iam/explain.ts';
import type { IdentityPolicies } from '../iam/identity-policies.ts';
import type { AccessRequest } from '../iam/policy.ts';
import { callerArn, type Principal, policyHolder } from '../iam/principal.ts';
import { type ArrivedRequest, checkSignature } from '../iam/signature.ts';
import { place } from '../template/place.ts';

/** What stands between a caller and every stand-in of an AWS service. */
export interface Gate {
  readonly clock: Clock;
  readonly registry: CredentialRegistry;
  /** What each role and user may do (`policyHolder`). */
  readonly policies: ReadonlyMap<string, IdentityPolicies>;
  /** Told of every refusal: the first thing to look at when a grant is missing. */
  readonly onRefused: (message: string) => void;
}

/** A stand-in of one AWS service behind the gate. */
export interface StandIn {
  /** As in the credential scope of a signature. */
  readonly service: string;
  /** Everything IAM must allow for this request. */
  readonly needs: (request: ArrivedRequest) => readonly AccessRequest[];
  /** Carry out a request whose caller is known and may do it. */
  readonly answer: (request: ArrivedRequest, by: SignedCaller) => Promise<Answer>;
  /** How this service says no. */
  readonly refuse: (status: 400 | 403, code: string, message: string) => Answer;
}

export interface SignedCaller {
  readonly principal: Principal;
  readonly accessKeyId: string;
  /** Ends when the caller hangs up. */
  readonly gone: AbortSignal;
}

const bodyBytesMax = 16 * 1024 * 1024; // DynamoDB's request limit, the largest of them

/** Let signed and permitted requests of a server through to a stand-in, and no others. */
export function serveSigned(server: Server, standIn: StandIn, gate: Gate): void {
  server.on('request', (request, response) => {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    handle(request, gone.signal)
      .then((answer) => send(response, answer))
      .catch((error: unknown) => {
        if (gone.signal.aborted) return;
        gate.onRefused(`${standIn.service}: ${String(error)}`);
        send(response, { status: 500, headers: {}, body: Buffer.alloc(0) });
      });
  });

  async function handle(message: IncomingMessage, gone: AbortSignal): Promise<Answer> {
    const body = await readBody(message, bodyBytesMax);
    if (body === undefined) return standIn.refuse(400, 'RequestTooLarge', 'body too long');
    const request: ArrivedRequest = {
      method: message.method ?? '',
      target: message.url ?? '/',
      headers: lastHeaders(message),
      body,
    };
    const result = await checkSignature(request, {
      registry: gate.registry,
      clock: gate.clock,
      service: standIn.service,
      region: place.region,
    });
    if (result.kind === 'refused') {
      gate.onRefused(`${standIn.service}: ${result.code}: ${result.message}`);
      return standIn.refuse(403, result.code, result.message);
    }
    const { principal, credentials } = result.by;
    const holder = policyHolder(principal);
    for (const needed of standIn.needs(request)) {
      const reason = explainRefusal(holder, gate.policies.get(holder), needed);
      if (reason === undefined) continue;
      const text =
        `User: ${callerArn(principal)} is not authorized to perform: ${needed.action} ` +
        `on resource: ${needed.resource}`;
      gate.onRefused(`${text}; ${reason}`);
      return standIn.refuse(400, 'AccessDeniedException', text);
    }
    return standIn.answer(request, { principal, accessKeyId: credentials.accessKeyId, gone });
  }
}

/** The operation of an AWS JSON request: what follows the dot of `X-Amz-Target`. */
export function operationOf(request: ArrivedRequest): string {
  return (request.headers['x-amz-target'] ?? '').split('.').at(-1) ?? '';
}

/** The body of an AWS JSON request; an empty object if it is none. */
export function jsonBody(request: ArrivedRequest): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(request.body.toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {}; // the service behind says what is wrong with it
  }
}

/** An answer in the AWS JSON protocol. */
export function jsonAnswer(status: number, value: unknown): Answer {
  return {
    status,
    headers: { 'content-type': 'application/x-amz-json-1.0' },
    body: Buffer.from(JSON.stringify(value)),
  };
}
