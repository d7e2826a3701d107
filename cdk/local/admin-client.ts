import { Agent, request } from 'node:https';
import { z } from 'zod';
import type { Endpoint } from './options.ts';

const callLimitMs = 10_000;
const answerBytesMax = 4 * 1024 * 1024;

const answerSchema = z.object({
  result: z.unknown().optional(),
  error: z.object({ code: z.number(), message: z.string() }).optional(),
});

/** The cluster refused a call: `code` is SoftEther's. */
export class AdminRefusal extends Error {
  override readonly name = 'AdminRefusal';
  readonly code: number;

  constructor(method: string, code: number, message: string) {
    super(`${method}: ${message}`);
    this.code = code;
  }
}

/** Calls the cluster's JSON-RPC as its administrator, over one kept connection. */
export class AdminClient {
  private readonly agent: Agent;
  private readonly frontDoor: Endpoint;
  private readonly password: string;

  constructor(frontDoor: Endpoint, certPem: string, password: string) {
    this.frontDoor = frontDoor;
    this.password = password;
    this.agent = new Agent({
      keepAlive: true,
      maxSockets: 1,
      ca: certPem,
      servername: '',
      checkServerIdentity: () => undefined, // exactly this certificate is trusted, whoever shows it
    });
  }

  /** The result of one call. @throws {AdminRefusal} */
  async call(method: string, params: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 'local', method, params });
    const { error, result } = answerSchema.parse(JSON.parse(await this.post(method, body)));
    if (error !== undefined) throw new AdminRefusal(method, error.code, error.message);
    return result;
  }

  close(): void {
    this.agent.destroy();
  }

  private post(method: string, body: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const call = request(
        {
          host: this.frontDoor.address,
          port: this.frontDoor.port,
          path: '/api/',
          method: 'POST',
          agent: this.agent,
          signal: AbortSignal.timeout(callLimitMs),
          headers: {
            'content-type': 'application/json',
            'content-length': Buffer.byteLength(body),
            'x-vpnadmin-password': this.password,
          },
        },
        (response) => {
          let text = '';
          response.on('data', (chunk: Buffer) => {
            text += chunk.toString();
            if (text.length > answerBytesMax) call.destroy(new Error('the answer is too long'));
          });
          response.once('error', reject);
          response.once('end', () => {
            if (response.statusCode === 200) resolve(text);
            else reject(new Error(`${method}: HTTP ${response.statusCode}`));
          });
        },
      );
      call.once('error', reject);
      call.end(body);
    });
  }
}
