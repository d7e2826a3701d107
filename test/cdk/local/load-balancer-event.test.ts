import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadBalancerAnswer } from '#cdk/local/load-balancer/answer.ts';
import { type BalancedRequest, loadBalancerEvent } from '#cdk/local/load-balancer/event.ts';
import { pathMatches } from '#cdk/local/load-balancer/rules.ts';

const targetGroupArn = 'arn:aws:elasticloadbalancing:eu-central-1:000000000000:targetgroup/T/1';
const traceId = 'Root=1-5c536348-3d683b8b04734faae651f476';

function request(changes: Partial<BalancedRequest>): BalancedRequest {
  return {
    method: 'POST',
    target: '/vpnsvc/vpn.cgi',
    headers: { host: '10.77.0.1', 'content-type': 'application/octet-stream' },
    body: Buffer.alloc(0),
    clientAddress: '192.0.2.7',
    port: 443,
    traceId,
    targetGroupArn,
    ...changes,
  };
}

test('a binary body: the event is what AWS documents, the body in base64', () => {
  const body = Buffer.from([0, 0xff, 0x80, 0x0a]);
  assert.deepEqual(
    loadBalancerEvent(request({ body, target: '/vpnsvc/vpn.cgi?a=1&b=x%20y&a=2' })),
    {
      requestContext: { elb: { targetGroupArn } },
      httpMethod: 'POST',
      path: '/vpnsvc/vpn.cgi',
      queryStringParameters: { a: '2', b: 'x%20y' },
      headers: {
        host: '10.77.0.1',
        'content-type': 'application/octet-stream',
        'x-amzn-trace-id': traceId,
        'x-forwarded-for': '192.0.2.7',
        'x-forwarded-port': '443',
        'x-forwarded-proto': 'https',
      },
      body: 'AP+ACg==',
      isBase64Encoded: true,
    },
  );
});

test('text is text: JSON, text/*, JavaScript and XML arrive as they are', () => {
  for (const type of [
    'application/json',
    'application/json; charset=utf-8',
    'text/html',
    'application/javascript',
    'application/xml',
  ]) {
    const event = loadBalancerEvent(
      request({ headers: { 'content-type': type }, body: Buffer.from('{"ü":1}') }),
    );
    assert.equal(event.isBase64Encoded, false, type);
    assert.equal(event.body, '{"ü":1}', type);
  }
});

test('a compressed body, or one of no known type, is base64', () => {
  for (const headers of [{ 'content-type': 'text/plain', 'content-encoding': 'gzip' }, {}]) {
    const event = loadBalancerEvent(request({ headers, body: Buffer.from('x') }));
    assert.equal(event.isBase64Encoded, true);
    assert.equal(event.body, 'eA==');
  }
});

test('an empty body is empty text', () => {
  const event = loadBalancerEvent(request({ method: 'GET', headers: {} }));
  assert.equal(event.body, '');
  assert.equal(event.isBase64Encoded, false);
});

test('a client that claims an address keeps its claim, the true one is last', () => {
  const event = loadBalancerEvent(request({ headers: { 'x-forwarded-for': '203.0.113.9' } }));
  assert.equal(event.headers?.['x-forwarded-for'], '203.0.113.9, 192.0.2.7');
});

const answer = (value: unknown) =>
  loadBalancerAnswer({ kind: 'answer', payload: JSON.stringify(value) });

test('an answer in base64 becomes its bytes; connection headers are not the function’s', () => {
  const result = answer({
    statusCode: 200,
    headers: { 'Content-Type': 'application/octet-stream', Connection: 'close', 'X-Count': 3 },
    body: 'AP+ACg==',
    isBase64Encoded: true,
  });
  assert.deepEqual(result, {
    kind: 'answer',
    answer: {
      status: 200,
      headers: { 'Content-Type': 'application/octet-stream', 'X-Count': '3' },
      body: Buffer.from([0, 0xff, 0x80, 0x0a]),
    },
  });
});

test('what is no answer is 502, with the reason for the log', () => {
  const reasons: [ReturnType<typeof loadBalancerAnswer>, RegExp][] = [
    [loadBalancerAnswer({ kind: 'throttled' }), /throttled/],
    [loadBalancerAnswer({ kind: 'error', errorType: 'E', errorMessage: 'm' }), /E: m/],
    [answer('text'), /malformed/],
    [answer({ statusCode: 42 }), /malformed/],
    [answer({ statusCode: 200, body: 'x'.repeat(1024 * 1024) }), /1 MiB/],
    [answer({ statusCode: 200, headers: { 'bad name': 'x' } }), /not valid/],
    [answer({ statusCode: 200, headers: { 'X-A': 'line\nfeed' } }), /not valid/],
    [answer({ statusCode: 200, headers: { 'X-Empty': '' } }), /X-Empty has an empty value/],
  ];
  for (const [result, reason] of reasons) {
    assert.match(result.kind === 'bad' ? result.reason : 'an answer', reason);
  }
});

test('path patterns: * any text, ? one character, case counts', () => {
  assert.ok(pathMatches('/api/*', '/api/'));
  assert.ok(pathMatches('/api/*', '/api/a/b'));
  assert.ok(!pathMatches('/api/*', '/api'));
  assert.ok(!pathMatches('/api', '/API'));
  assert.ok(pathMatches('/v?/x', '/v1/x'));
  assert.ok(!pathMatches('/v1.x', '/v1yx'));
});

test('multi-value headers: lists in the event and nothing else', () => {
  const event = loadBalancerEvent(
    request({
      target: '/api?a=1&a=2',
      headers: { host: '10.77.0.1', cookie: 'b' },
      headerLists: { host: ['10.77.0.1'], cookie: ['a', 'b'] },
    }),
  );
  assert.deepEqual(event.multiValueQueryStringParameters, { a: ['1', '2'] });
  assert.deepEqual(event.multiValueHeaders?.['cookie'], ['a', 'b']);
  assert.deepEqual(event.multiValueHeaders?.['x-forwarded-for'], ['192.0.2.7']);
  assert.equal(event.headers, undefined);
  assert.equal(event.queryStringParameters, undefined);
});

test('an answer’s headers must be in the form of the target group', () => {
  const answer = (value: unknown, isMultiValue: boolean) =>
    loadBalancerAnswer({ kind: 'answer', payload: JSON.stringify(value) }, isMultiValue);
  const one = { statusCode: 200, headers: { a: '1' } };
  const lists = { statusCode: 200, multiValueHeaders: { a: ['1', '2'], b: ['3'] } };
  assert.equal(answer(one, false).kind, 'answer');
  assert.equal(answer(one, true).kind, 'bad');
  assert.equal(answer(lists, false).kind, 'bad');
  const told = answer(lists, true);
  assert(told.kind === 'answer');
  assert.deepEqual(told.answer.headers, { a: ['1', '2'], b: '3' });
});

test('an answer of more than 1 MiB is none, counted in bytes', () => {
  const body = 'ü'.repeat(600 * 1024);
  const payload = JSON.stringify({ statusCode: 200, headers: {}, body });
  assert.equal(loadBalancerAnswer({ kind: 'answer', payload }).kind, 'bad');
});
