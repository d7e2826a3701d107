import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Hono } from 'hono';
import {
  behindLoadBalancer,
  clientAddressOf,
  type LoadBalancerBindings,
} from '#functions/http/load-balancer.ts';
import { decodeHello } from '#shared/wire/hello.ts';
import { connectTarget, vpnTarget } from '#shared/wire/http.ts';
import { encodeLogin } from '#shared/wire/login.ts';
import { answerPackLimits, decodePack, encodePack } from '#shared/wire/pack.ts';
import { isRedirect } from '#shared/wire/redirect.ts';
import { captureBody } from '#test/support/captures.ts';
import { ControlPlane } from '../control-plane.ts';
import { loginOf } from '../login-wish.ts';

const context = { awsRequestId: 'request-1' };

/** What an ALB sends for one request (Elastic Load Balancing, "Lambda functions as targets"). */
function albEvent(httpMethod: string, path: string, changes: object = {}): object {
  return {
    requestContext: { elb: { targetGroupArn: 'arn:aws:elasticloadbalancing:…:targetgroup/x/1' } },
    httpMethod,
    path,
    queryStringParameters: {},
    headers: {
      host: '203.0.113.1',
      connection: 'Keep-Alive',
      'content-length': '3609',
      'content-type': 'application/octet-stream',
      date: 'Sun, 22 Nov 2026 23:42:42 GMT',
      'keep-alive': 'timeout=15; max=19',
      'x-amzn-trace-id': 'Root=1-5bdb40ca-556d8b0c50dc66f0511bf520',
      'x-forwarded-for': '198.51.100.9',
      'x-forwarded-port': '443',
      'x-forwarded-proto': 'https',
    },
    body: '',
    isBase64Encoded: false,
    ...changes,
  };
}

function octets(bytes: Uint8Array): object {
  return { body: Buffer.from(bytes).toString('base64'), isBase64Encoded: true };
}

test('a whole login through load balancer events: probe, Hello, Redirect', async () => {
  const plane = new ControlPlane();
  await plane.createHub('HUB', 'static');
  await plane.createUser('HUB', 'alice', 'pw');
  await plane.startMember('i-a');
  const handle = behindLoadBalancer(plane.frontDoor);

  const probe = await handle(albEvent('GET', '/'), context);
  assert.equal(probe.statusCode, 403);
  assert.match(Buffer.from(probe.body, 'base64').toString(), /^<!DOCTYPE HTML PUBLIC/);

  const gif = octets(captureBody('01-ctl-c-connect-cgi'));
  const hello = await handle(albEvent('POST', connectTarget, gif), context);
  const bytes = Buffer.from(hello.body, 'base64');
  const said = decodeHello(decodePack(bytes, answerPackLimits));

  const login = encodePack(
    encodeLogin(loginOf(said, { hub: 'HUB', user: 'alice', password: 'pw' })),
  );
  const answer = await handle(albEvent('POST', vpnTarget, octets(login)), context);
  assert.equal(answer.statusCode, 200);
  assert.equal(answer.statusDescription, '200 OK');
  assert.equal(answer.isBase64Encoded, true);
  assert.equal(answer.headers?.['content-type'], 'application/octet-stream');
  assert(isRedirect(decodePack(Buffer.from(answer.body, 'base64'), answerPackLimits)));
  const [event] = plane.log.of('login.redirected');
  assert.deepEqual([event?.['source'], event?.['requestId']], ['198.51.100.9', 'request-1']);
});

test('the address is the one the load balancer wrote, whatever the client claims', () => {
  const of = (value: string): string => clientAddressOf({ headers: { 'X-Forwarded-For': value } });
  assert.equal(of('198.51.100.9'), '198.51.100.9');
  assert.equal(of('10.0.0.1, 127.0.0.1,198.51.100.9'), '198.51.100.9');
  assert.equal(of('198.51.100.9:50123'), '198.51.100.9');
  assert.equal(of('2001:db8::1'), '2001:db8::1');
  assert.equal(of('[2001:db8::1]:50123'), '2001:db8::1');
  assert.equal(clientAddressOf({ headers: {} }), '');
  const many = { 'x-forwarded-for': ['10.0.0.1', '10.0.0.2, 198.51.100.9'] };
  assert.equal(clientAddressOf({ multiValueHeaders: many }), '198.51.100.9');
});

function echo(): Hono<{ Bindings: LoadBalancerBindings }> {
  const app = new Hono<{ Bindings: LoadBalancerBindings }>();
  app.all('*', async (c) => {
    const { method, path } = c.req;
    const body = Buffer.from(await c.req.arrayBuffer()).toString('hex');
    const query = c.req.queries();
    return c.json({ method, path, query, body, cookie: c.req.header('x-several') ?? null });
  });
  return app;
}

async function echoed(event: object): Promise<Record<string, unknown>> {
  const result = await behindLoadBalancer(echo())(event, context);
  assert.equal(result.statusCode, 200, Buffer.from(result.body, 'base64').toString());
  return JSON.parse(Buffer.from(result.body, 'base64').toString()) as Record<string, unknown>;
}

test('method, path, query, headers and octets arrive as they were sent', async () => {
  const seen = await echoed(
    albEvent('POST', '/a%20b', {
      queryStringParameters: { name: 'x%26y', empty: '' },
      ...octets(Buffer.from([0, 255, 13, 10])),
    }),
  );
  assert.equal(seen['method'], 'POST');
  assert.equal(seen['path'], '/a b');
  assert.deepEqual(seen['query'], { name: ['x&y'], empty: [''] });
  assert.equal(seen['body'], '00ff0d0a');
  const several = await echoed(
    albEvent('GET', '/', {
      headers: undefined,
      multiValueHeaders: { 'x-several': ['1', '2'] },
      multiValueQueryStringParameters: { name: ['1', '2'] },
    }),
  );
  assert.equal(several['cookie'], '1, 2');
  assert.deepEqual(several['query'], { name: ['1', '2'] });
});

test('a target group with multi-value headers is answered in kind', async () => {
  const app = new Hono<{ Bindings: LoadBalancerBindings }>();
  app.get('/', (c) => {
    c.header('set-cookie', 'a=1');
    c.header('set-cookie', 'b=2', { append: true });
    return c.text('x');
  });
  const event = albEvent('GET', '/', { headers: undefined, multiValueHeaders: { host: ['x'] } });
  const answer = await behindLoadBalancer(app)(event, context);
  assert.equal(answer.headers, undefined);
  assert.deepEqual(answer.multiValueHeaders?.['set-cookie'], ['a=1', 'b=2']);
  const bad = albEvent('GE T', '/', { headers: undefined, multiValueHeaders: {} });
  const refused = await behindLoadBalancer(app)(bad, context);
  assert.deepEqual(refused.multiValueHeaders, { 'content-type': ['text/plain'] });
});

test('a path with two slashes, an empty one and one with a host stay paths', async () => {
  assert.equal((await echoed(albEvent('GET', '//evil.example/x')))['path'], '//evil.example/x');
  assert.equal((await echoed(albEvent('GET', '')))['path'], '/');
});

test('what the Fetch standard does not know is a bad request', async () => {
  const handle = behindLoadBalancer(echo());
  for (const event of [
    albEvent('TRACE', '/'),
    albEvent('GE T', '/'),
    albEvent('GET', '/', { headers: { 'bad name': 'x' } }),
    albEvent('GET', '/', { headers: { name: 'bad\nvalue' } }),
    albEvent('GET', '/', { headers: { name: '\u{1f600}' } }),
  ]) {
    assert.equal((await handle(event, context)).statusCode, 400, JSON.stringify(event));
  }
});

test('a body over the limit is refused before it is looked at', async () => {
  const handle = behindLoadBalancer(echo());
  const large = albEvent('POST', '/', octets(Buffer.alloc(1024 * 1024 + 1)));
  assert.equal((await handle(large, context)).statusCode, 413);
});

test('a header without a value, which SoftEther refuses, is left out of answers', async () => {
  const app = new Hono<{ Bindings: LoadBalancerBindings }>();
  app.get('/', (c) => c.body('x', 200, { 'X-Empty': '', 'X-Full': 'y' }));
  const { headers = {} } = await behindLoadBalancer(app)(albEvent('GET', '/'), context);
  assert.equal(headers['x-full'], 'y');
  assert(!('x-empty' in headers));
  assert(Object.values(headers).every((value) => value !== ''));
});

test('what the application throws fails the invocation', async () => {
  const app = new Hono<{ Bindings: LoadBalancerBindings }>();
  app.get('/', () => {
    throw new Error('the table is away');
  });
  app.onError((error) => {
    throw error;
  });
  await assert.rejects(behindLoadBalancer(app)(albEvent('GET', '/'), context), /table is away/);
  await assert.rejects(behindLoadBalancer(app)({ not: 'an event' }, context));
});
