import { request as httpRequest } from 'node:http';
import type { Answer } from '../http-server.ts';

export interface LoopbackCall {
  readonly port: number;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly signal: AbortSignal;
}

/** One HTTP exchange with a server of this process, on a connection of its own. */
export function callLoopback(call: LoopbackCall): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      {
        host: '127.0.0.1',
        port: call.port,
        method: call.method,
        path: call.path,
        headers: { ...call.headers, 'content-length': call.body.length },
        agent: false,
        signal: call.signal,
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('error', reject);
        response.once('end', () => {
          const { 'content-type': type = '', 'x-amzn-query-error': queryError } = response.headers;
          resolve({
            status: response.statusCode ?? 500,
            headers: {
              'content-type': type,
              ...(queryError === undefined ? {} : { 'x-amzn-query-error': String(queryError) }),
            },
            body: Buffer.concat(chunks),
          });
        });
      },
    );
    request.once('error', reject);
    request.end(call.body);
  });
}
