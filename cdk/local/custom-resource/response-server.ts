import { createServer, type IncomingMessage } from 'node:http';
import { z } from 'zod';
import type { Timers } from '#shared/kernel/clock.ts';
import type { Random } from '#shared/kernel/random.ts';
import { close, listen, readBody } from '../http-server.ts';

/** CloudFormation: "the total size of the response body can't exceed 4096 bytes". */
const answerBytesMax = 4_096;

const answerSchema = z.object({
  Status: z.enum(['SUCCESS', 'FAILED']),
  Reason: z.string().optional(),
  PhysicalResourceId: z.string().min(1).max(1_024),
  StackId: z.string(),
  RequestId: z.string(),
  LogicalResourceId: z.string(),
  Data: z.record(z.string(), z.unknown()).default({}),
});
export type ResourceAnswer = z.infer<typeof answerSchema>;

/** What came of a request to a function; `silent`: it was not answered in time. */
export type Reply =
  | { readonly kind: 'answer'; readonly answer: ResourceAnswer }
  | { readonly kind: 'bad'; readonly reason: string }
  | { readonly kind: 'silent' };

/** An address where one answer is awaited. */
export interface AwaitedAnswer {
  readonly url: string;
  readonly reply: Promise<Reply>;
  /** No answer will come any more. */
  readonly giveUp: (reason: string) => void;
}

/**
 * Where functions put what became of a custom resource: CloudFormation's pre-signed addresses in
 * S3. Whoever has one may use it; its signature covers that there is no content type.
 */
export class ResponseServer {
  private readonly server = createServer((request, response) => {
    const answer = (status: number): void => {
      response.writeHead(status, { 'content-length': 0 }).end();
    };
    this.receive(request).then(answer, () => answer(400));
  });
  private readonly random: Random;
  private readonly timers: Timers;
  private readonly awaited = new Map<string, (reply: Reply) => void>();
  private port = 0;

  private constructor(random: Random, timers: Timers) {
    this.random = random;
    this.timers = timers;
  }

  static async open(random: Random, timers: Timers): Promise<ResponseServer> {
    const opened = new ResponseServer(random, timers);
    opened.port = await listen(opened.server, '127.0.0.1', 0);
    return opened;
  }

  close(): Promise<void> {
    for (const settle of this.awaited.values()) settle({ kind: 'silent' });
    return close(this.server);
  }

  /** A fresh address, good for one answer within `limitMs`. */
  expect(limitMs: number): AwaitedAnswer {
    const path = `/${this.random.bytes(16).toString('hex')}`;
    let settle: (reply: Reply) => void = () => undefined;
    const reply = new Promise<Reply>((resolve) => {
      settle = (outcome) => {
        cancel();
        this.awaited.delete(path);
        resolve(outcome);
      };
    });
    const cancel = this.timers.after(limitMs, () => settle({ kind: 'silent' }));
    this.awaited.set(path, settle);
    const url = `http://127.0.0.1:${this.port}${path}`;
    return { url, reply, giveUp: (reason) => settle({ kind: 'bad', reason }) };
  }

  private async receive(request: IncomingMessage): Promise<number> {
    const settle = this.awaited.get(request.url ?? '');
    const isSigned = (request.headers['content-type'] ?? '') === '';
    if (settle === undefined || request.method !== 'PUT' || !isSigned) return 403;
    const body = await readBody(request, answerBytesMax);
    settle(replyOf(body));
    return 200;
  }
}

function replyOf(body: Buffer | undefined): Reply {
  if (body === undefined) return { kind: 'bad', reason: 'Response object is too long.' };
  try {
    return { kind: 'answer', answer: answerSchema.parse(JSON.parse(body.toString())) };
  } catch (error) {
    const told = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
    return { kind: 'bad', reason: `Invalid response: ${told}` };
  }
}
