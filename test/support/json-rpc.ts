import { request } from 'node:https';

/** Where an administrator's JSON-RPC goes (protocol/07 §2) and as whom. */
export interface RpcTarget {
  readonly url: string;
  readonly password: string;
  /** Hub administration of this hub instead of server administration. */
  readonly hub?: string;
  /** A Unix socket that leads there, when the address is in another network namespace. */
  readonly socketPath?: string;
}

/** SoftEther's refusal of a call. */
export class RpcError extends Error {
  override readonly name = 'RpcError';
  readonly code: number;

  constructor(method: string, code: number, message: string) {
    super(`${method}: ${message}`);
    this.code = code;
  }
}

const callLimitMs = 15_000;

/** Call one method; the result object. The certificate is the cluster's own and not verified. */
export async function callRpc(
  target: RpcTarget,
  method: string,
  params: Readonly<Record<string, unknown>>,
): Promise<Record<string, unknown>> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 'test', method, params });
  const { status, text } = await post(target, body);
  if (status !== 200) throw new Error(`${method}: HTTP ${status} ${text.slice(0, 200)}`);
  const answer = JSON.parse(text);
  if (answer.error) throw new RpcError(method, answer.error.code, answer.error.message);
  return answer.result;
}

function post(target: RpcTarget, body: string): Promise<{ status: number; text: string }> {
  const answered = new Promise<{ status: number; text: string }>((resolve, reject) => {
    const call = request(
      new URL('/api/', target.url),
      {
        method: 'POST',
        rejectUnauthorized: false,
        agent: false,
        ...(target.socketPath === undefined ? {} : { socketPath: target.socketPath }),
        signal: AbortSignal.timeout(callLimitMs),
        headers: {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
          'x-vpnadmin-password': target.password,
          ...(target.hub === undefined ? {} : { 'x-vpnadmin-hubname': target.hub }),
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('error', reject);
        response.once('end', () => {
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() });
        });
      },
    );
    call.once('error', reject);
    call.end(body);
  });
  return answered;
}
