import { Agent, request } from 'node:https';
import { z } from 'zod';
import type { Endpoint } from './options.ts';

const callLimitMs = 10_000;
const answerBytesMax = 4 * 1024 * 1024;

const memberListSchema = z.object({
  result: z.object({
    // The controller itself is listed too, as SoftEther does; it has neither.
    FarmMemberList: z.array(
      z.object({ MemberId_str: z.string().default(''), State_str: z.string().default('') }),
    ),
  }),
});

/** Asks the cluster what it thinks of its members, as any administrator may. */
export class ControlPlaneView {
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

  /** The state of each member record, by member id. */
  async memberStates(): Promise<ReadonlyMap<string, string>> {
    const text = await this.call('EnumFarmMember');
    const { result } = memberListSchema.parse(JSON.parse(text));
    return new Map(result.FarmMemberList.map((item) => [item.MemberId_str, item.State_str]));
  }

  close(): void {
    this.agent.destroy();
  }

  private call(method: string): Promise<string> {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 'local', method, params: {} });
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
