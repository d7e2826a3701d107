import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import * as z from 'zod';
import { CliError } from './cli-error.ts';
import type { Connection } from './connection.ts';
import { refusalOf } from './refusals.ts';

/** One administrator's call, by SoftEther's JSON-RPC names (protocol/07). */
export type AdminCall = (
  method: string,
  params?: Readonly<Record<string, unknown>>,
) => Promise<unknown>;

/** HTTP Basic's user for who is no hub's administrator. */
const serverAdministrator = 'administrator';
const callLimitMs = 30_000;
const answerBytesMax = 16 * 1024 * 1024;

const answerSchema = z.union([
  z.object({ result: z.record(z.string(), z.unknown()) }),
  z.object({ error: z.object({ code: z.number(), message: z.string() }) }),
]);

/** Calls over HTTPS. @throws {CliError} that names the cause and what to do. */
export function adminCallOver(connection: Connection): AdminCall {
  return async (method, params = {}) => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 'etherfleet', method, params });
    const { status, retryAfter, text } = await post(connection, body);
    if (status !== 200) throw unanswered(connection, status, retryAfter);
    const answer = answerSchema.safeParse(jsonOf(text));
    if (!answer.success) {
      throw new CliError(
        `${connection.url.host} answers what is no JSON-RPC`,
        'is that the address of a front door?',
      );
    }
    if ('error' in answer.data) throw refusalOf(method, answer.data.error);
    return answer.data.result;
  };
}

interface Reply {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly text: string;
}

function post({ url, password, hub, ca }: Connection, body: string): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const call = request(url, {
      method: 'POST',
      agent: false,
      signal: AbortSignal.timeout(callLimitMs),
      ...trustIn(url, ca),
      // SoftEther's own headers hold ASCII only, and a password may be anything.
      auth: `${hub ?? serverAdministrator}:${password}`,
      headers: {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
      },
    });
    const fail = (error: NodeJS.ErrnoException): void => reject(unreachable(url, error));
    call.once('error', fail);
    call.once('response', (response: IncomingMessage) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        chunks.push(chunk);
        if (bytes > answerBytesMax) call.destroy(new Error('the answer is too long'));
      });
      response.once('error', fail);
      response.once('end', () => {
        const { statusCode: status = 0, headers } = response;
        const text = Buffer.concat(chunks).toString();
        resolve({ status, retryAfter: headers['retry-after'], text });
      });
    });
    call.end(body);
  });
}

/**
 * The certificate is usually for a name, and the front door is reached by its address (ADR 0004):
 * with `ca` exactly what that vouches for is trusted. Nobody is between us and loopback.
 */
function trustIn({ hostname }: URL, ca: string | undefined): object {
  if (ca !== undefined) return { ca, checkServerIdentity: () => undefined };
  return /^(localhost|127(\.\d{1,3}){3})$/.test(hostname) ? { rejectUnauthorized: false } : {};
}

function unreachable({ host }: URL, error: NodeJS.ErrnoException): CliError {
  const code = error.code ?? error.name;
  if (/CERT|SELF_SIGNED|ALTNAME|UNABLE_TO/.test(code)) {
    return new CliError(
      `the certificate of ${host} is not trusted (${code})`,
      "give the front door's certificate, or who signed it, with --ca FILE",
    );
  }
  if (error.name === 'TimeoutError' || error.name === 'AbortError') {
    return new CliError(
      `${host} did not answer within ${callLimitMs / 1_000} s`,
      'look for admin-errors in docs/operating/runbook.md',
    );
  }
  return new CliError(
    `${host} cannot be reached (${code}: ${error.message})`,
    'check --server; a cluster of npm start answers only while that runs',
  );
}

function unanswered({ url, hub }: Connection, status: number, after?: string): CliError {
  if (status === 401) {
    const whose = hub === undefined ? "the server's" : `hub ${hub}'s`;
    return new CliError(
      `${url.host} does not accept ${whose} password`,
      'check ETHERFLEET_PASSWORD; a changed password is in no secret, SetServerPassword took it',
    );
  }
  if (status === 429) {
    return new CliError(
      `too many wrong passwords came from here; ${url.host} looks at none`,
      `wait ${after ?? 'some'} s, then use the right one: each wrong one doubles the wait`,
    );
  }
  return new CliError(
    `${url.host} answered ${status}`,
    'look for front-door-5xx and admin-errors in docs/operating/runbook.md',
  );
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
