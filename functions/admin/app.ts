import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { errorCode } from '#shared/wire/error-code.ts';
import { loadBalancerBodyBytesMax } from '../env.ts';
import type { LoadBalancerBindings } from '../http/load-balancer.ts';
import { AdminError } from './admin-error.ts';
import { Authenticator, credentialsIn } from './authentication.ts';
import { type Caller, dispatch } from './dispatch.ts';
import { type Answer, errorBody, parseRequest, resultAnswer } from './json-rpc.ts';
import type { AdminPorts } from './method.ts';
import { manualPage, realm, throttledPage, unauthorizedPage } from './pages.ts';

export type AdminApp = Hono<{ Bindings: Pick<LoadBalancerBindings, 'clientAddress'> }>;

const paths = ['/api', '/api/'];

/** On every answer, as from genuine servers (protocol/07 §2). */
const commonHeaders = {
  'Access-Control-Allow-Credentials': 'true',
  'Access-Control-Allow-Headers': 'X-VPNADMIN-HUBNAME,X-VPNADMIN-PASSWORD',
  'Access-Control-Allow-Methods': 'OPTIONS,GET,POST',
  'Cache-Control': 'no-cache',
} as const;

/** The HTTP face of the administration: SoftEther's JSON-RPC at `/api`. */
export function adminApp(ports: AdminPorts): AdminApp {
  const authenticator = new Authenticator(ports);
  const app: AdminApp = new Hono();

  app.use(async (context, next) => {
    await next();
    for (const [name, value] of Object.entries(commonHeaders)) context.header(name, value);
  });

  app.on('OPTIONS', paths, (context) => {
    context.header('Allow', 'OPTIONS, GET, POST');
    return context.body('', 200, { 'Content-Type': 'text/html; charset=utf-8' });
  });

  app.on('GET', paths, (context) => context.html(manualPage));

  const limit = bodyLimit({
    maxSize: loadBalancerBodyBytesMax,
    onError: (context) => json(context, errorBody('0', tooLong), 413),
  });
  app.on('POST', paths, limit, async (context) => {
    const sourceAddress = context.env.clientAddress;
    const credentials = credentialsIn((name) => context.req.header(name));
    const authentication = await authenticator.authenticate(credentials, sourceAddress);
    if (authentication.kind === 'throttled') {
      const waitSeconds = Math.ceil(authentication.waitMs / 1_000);
      ports.log.warn('admin.rejected', { reason: 'throttled', sourceAddress, waitSeconds });
      return context.html(throttledPage, 429, { 'Retry-After': String(waitSeconds) });
    }
    if (authentication.kind === 'rejected') {
      const { reason } = authentication;
      const as = credentials?.hub === '' ? 'server' : `hub ${credentials?.hub.slice(0, 255)}`;
      ports.log.warn('admin.rejected', { reason, sourceAddress, ...(credentials && { as }) });
      return context.html(unauthorizedPage, 401, {
        'WWW-Authenticate': `Basic realm="${realm}"`,
      });
    }
    const caller = { admin: authentication.admin, sourceAddress };
    const readsGzip = /\bgzip\b/i.test(context.req.header('accept-encoding') ?? '');
    const { body, encoding } = await answer(await context.req.text(), caller, readsGzip, ports);
    if (encoding !== undefined) context.header('Content-Encoding', encoding);
    return json(context, body, 200);
  });

  app.onError((error, context) => {
    // Not the caller's doing: the environment failed, or we did.
    ports.log.error('admin.failed', { error: error.stack ?? String(error) });
    return json(context, errorBody('0', failed), 500);
  });

  return app;
}

/** One call and its answer. SoftEther's refusals are answers like any other. */
async function answer(
  body: string,
  caller: Caller,
  readsGzip: boolean,
  ports: AdminPorts,
): Promise<Answer> {
  const parsed = parseRequest(body);
  if (parsed.kind === 'malformed') {
    ports.log.warn('admin.malformed', {
      reason: parsed.error.reason,
      sourceAddress: caller.sourceAddress,
    });
    return { body: errorBody(parsed.id, parsed.error) };
  }
  const { request } = parsed;
  try {
    return await resultAnswer(request.id, await dispatch(request, caller, ports), readsGzip);
  } catch (error) {
    if (error instanceof AdminError) return { body: errorBody(request.id, error) };
    throw error;
  }
}

const tooLong = new AdminError(errorCode.invalidParameter, 'the body is too long');
const failed = new AdminError(errorCode.internalError, 'failed');

function json(context: Context, body: Answer['body'], status: 200 | 413 | 500): Response {
  return context.body(body, status, { 'Content-Type': 'application/json' });
}
