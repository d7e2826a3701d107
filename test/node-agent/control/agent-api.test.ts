import assert from 'node:assert/strict';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { Agent as HttpAgent } from 'undici';
import { SignedAgentApi } from '#node-agent/control/agent-api.ts';

const answerBytesMax = 10_000;
const ask = { digest: '0'.repeat(64), epoch: 1 };

let server: Server;
let dispatcher: HttpAgent;
let api: SignedAgentApi;
let reply: { status: number; body: string } | undefined;
let seen: { url: string; headers: IncomingHttpHeaders; body: string }[];

beforeEach(async () => {
  seen = [];
  server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    seen.push({ url: request.url ?? '', headers: request.headers, body });
    if (reply === undefined) return;
    response.writeHead(reply.status).end(reply.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  dispatcher = new HttpAgent();
  api = create(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
});

afterEach(async () => {
  await dispatcher.destroy();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function create(url: string): SignedAgentApi {
  return new SignedAgentApi({
    url,
    region: 'eu-central-1',
    credentials: async () => ({
      accessKeyId: 'AKIDEXAMPLE',
      secretAccessKey: 'the-secret',
      sessionToken: 'the-session-token',
      expiration: new Date(8.64e15),
    }),
    dispatcher,
    answerBytesMax,
    process: 3,
  });
}

describe('the agent API', () => {
  test('is asked in JSON, signed for Lambda in its region', async () => {
    reply = { status: 404, body: JSON.stringify({ kind: 'no-such-ticket', detail: '' }) };
    await api.redeem(ask, 1_000);
    const [request] = seen;
    assert.equal(request?.url, '/v1/tickets/redeem');
    assert.deepEqual(JSON.parse(request?.body ?? ''), { ...ask, process: 3 });
    const { authorization } = request?.headers ?? {};
    assert.match(authorization ?? '', /AKIDEXAMPLE\/\d{8}\/eu-central-1\/lambda\/aws4_request/);
    assert.match(authorization ?? '', /SignedHeaders=[^,]*host[^,]*x-amz-security-token/);
    assert.equal(request?.headers['x-amz-security-token'], 'the-session-token');
  });

  test('a problem is an outcome', async () => {
    reply = { status: 409, body: JSON.stringify({ kind: 'stale-epoch', detail: 'too old' }) };
    assert.deepEqual(await api.redeem(ask, 1_000), {
      kind: 'problem',
      problem: { kind: 'stale-epoch', detail: 'too old' },
    });
  });

  const useless: readonly (readonly [string, { status: number; body: string }, RegExp])[] = [
    [
      'IAM’s own refusal',
      { status: 403, body: '{"Message":"Forbidden"}' },
      /^HTTP 403: Forbidden$/,
    ],
    [
      'a wrong clock',
      { status: 403, body: '{"message":"Signature expired: 20261123T1000Z is now earlier"}' },
      /^HTTP 403: Signature expired: 20261123T1000Z is now earlier$/,
    ],
    [
      'a wrong key, for which AWS quotes the request',
      {
        status: 403,
        body: JSON.stringify({
          message: 'The signature does not match.\n\nx-amz-security-token:the-session-token',
        }),
      },
      /^HTTP 403: The signature does not match\.$/,
    ],
    ['a page', { status: 502, body: '<html>' }, /SyntaxError/],
    [
      'an answer that breaks the contract',
      { status: 200, body: '{"state":"dancing"}' },
      /ZodError/,
    ],
    ['an answer without end', { status: 200, body: ' '.repeat(answerBytesMax + 1) }, /more than/],
  ];
  for (const [what, body, detail] of useless) {
    test(`${what} counts as no answer`, async () => {
      reply = body;
      const answer = await api.redeem(ask, 1_000);
      assert.ok(answer.kind === 'unreachable', answer.kind);
      assert.match(answer.detail, detail);
      assert.doesNotMatch(answer.detail, /the-secret|the-session-token/);
    });
  }

  test('silence ends at the deadline', async () => {
    reply = undefined;
    const startedMs = performance.now();
    const answer = await api.redeem(ask, 200);
    assert.equal(answer.kind, 'unreachable');
    assert.ok(performance.now() - startedMs < 1_500);
  });

  test('nobody listening is an outcome too', async () => {
    const answer = await create('http://127.0.0.1:1/').redeem(ask, 1_000);
    assert.ok(answer.kind === 'unreachable' && /ECONNREFUSED/.test(answer.detail));
  });
});
