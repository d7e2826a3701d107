import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { Socket } from 'node:net';
import type { SecureContextOptions } from 'node:tls';
import type { Clock, Timers } from '#shared/kernel/clock.ts';
import type { Random } from '#shared/kernel/random.ts';
import { headerLists, lastHeaders, readBody } from '../http-server.ts';
import type { FunctionPool } from '../lambda/function-pool.ts';
import { type BalancedAnswer, loadBalancerAnswer, ownAnswer } from './answer.ts';
import type { CertificatePair } from './certificate.ts';
import { loadBalancerEvent } from './event.ts';
import type { RouteAction, Routes } from './rules.ts';

/** Limits of the front door; what exceeds one is refused or closed without a word to functions. */
export const limits = {
  /** AWS: the largest body a function behind a load balancer gets. */
  bodyBytesMax: 1024 * 1024,
  headerBytesMax: 16 * 1024,
  headersMax: 128,
  connectionsMax: 4_096,
  /** A genuine client sends four. */
  requestsPerConnectionMax: 100,
  handshakeMs: 10_000,
  headersMs: 10_000,
  requestMs: 30_000,
  /** How long a peer may take to acknowledge the end of its connection. */
  lingerMs: 2_000,
} as const;

export interface LoadBalancerOptions extends CertificatePair {
  readonly routes: Routes;
  /** The pool of a function's ARN. */
  readonly pool: (functionArn: string) => FunctionPool;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  /** Told why a request was answered 502. */
  readonly onBadAnswer: (path: string, reason: string) => void;
}

/**
 * An application load balancer's HTTPS listener: TLS, HTTP/1.1, the template's rules, functions.
 * Left out: HTTP/2, health checks, sticky sessions, access logs, the network balancer in front.
 */
export function createLoadBalancer(options: LoadBalancerOptions): Server {
  const { routes, timers } = options;
  const requests = new WeakMap<Socket, number>();
  const server = createServer(
    {
      ...secureContext(options),
      handshakeTimeout: limits.handshakeMs,
      maxHeaderSize: limits.headerBytesMax,
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      keepAliveTimeout: routes.idleTimeoutMs,
      connectionsCheckingInterval: 1_000,
    },
    (request, response) => {
      const count = (requests.get(request.socket) ?? 0) + 1;
      requests.set(request.socket, count);
      const last = count >= limits.requestsPerConnectionMax;
      serve(request)
        .then((answer) => write(response, answer, last))
        .catch(() => linger(request.socket)); // the client left in the middle of its request
    },
  );
  server.maxConnections = limits.connectionsMax;
  server.maxHeadersCount = limits.headersMax;
  server.setTimeout(routes.idleTimeoutMs, linger);
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (!socket.writable || error.code === 'ECONNRESET') {
      socket.destroy();
      return;
    }
    const status = error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400;
    socket.write(rawAnswer(ownAnswer(status)));
    linger(socket);
  });
  return server;

  /** End TLS properly (close_notify), then give the peer a moment to do the same. */
  function linger(socket: Socket): void {
    socket.end();
    const cancel = timers.after(limits.lingerMs, () => socket.destroy());
    socket.once('close', cancel);
  }

  async function serve(request: IncomingMessage): Promise<BalancedAnswer> {
    const target = request.url ?? '/';
    const path = target.split('?')[0] ?? '/';
    const action = routes.choose(path);
    const body = await readBody(request, limits.bodyBytesMax);
    if (body === undefined) return ownAnswer(413);
    if (action.kind === 'answer') return fixedAnswer(action);
    const outcome = await options.pool(action.functionArn).invoke(
      loadBalancerEvent({
        method: request.method ?? '',
        target,
        headers: lastHeaders(request),
        ...(action.isMultiValue ? { headerLists: headerLists(request) } : {}),
        body,
        clientAddress: (request.socket.remoteAddress ?? '').replace(/^::ffff:/, ''),
        port: routes.port,
        traceId: traceId(),
        targetGroupArn: action.targetGroupArn,
      }),
    );
    const result = loadBalancerAnswer(outcome, action.isMultiValue);
    if (result.kind === 'answer') return result.answer;
    options.onBadAnswer(path, result.reason);
    return ownAnswer(502);
  }

  /** `Root=1-<seconds>-<96 bits>` */
  function traceId(): string {
    const seconds = Math.floor(options.clock.nowMs() / 1_000).toString(16);
    return `Root=1-${seconds}-${options.random.bytes(12).toString('hex')}`;
  }

  function write(response: ServerResponse, answer: BalancedAnswer, last: boolean): void {
    const { status, headers, body } = answer;
    const close = last || status === 413; // an unread body makes the connection useless
    response.shouldKeepAlive &&= !close;
    response.setHeader('Server', 'awselb/2.0');
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    if (status !== 204 && status !== 304) response.setHeader('Content-Length', body.length);
    response.setHeader('Connection', response.shouldKeepAlive ? 'keep-alive' : 'close');
    response.writeHead(status);
    response.end(body);
  }
}

/** What is presented to whoever comes from now on. */
export function presentCertificate(server: Server, pair: CertificatePair): void {
  server.setSecureContext(secureContext(pair));
}

function secureContext({ certPem, keyPem }: CertificatePair): SecureContextOptions {
  return { key: keyPem, cert: certPem, minVersion: 'TLSv1.2' };
}

function fixedAnswer(action: Extract<RouteAction, { kind: 'answer' }>): BalancedAnswer {
  return {
    status: action.status,
    headers: { 'content-type': action.contentType },
    body: Buffer.from(action.text),
  };
}

/** An answer for a connection on which no request could be parsed. */
function rawAnswer({ status, headers, body }: BalancedAnswer): Buffer {
  const head = [
    `HTTP/1.1 ${status} Bad Request`,
    'Server: awselb/2.0',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    `Content-Length: ${body.length}`,
    'Connection: close',
    '',
    '',
  ].join('\r\n');
  return Buffer.concat([Buffer.from(head), body]);
}
