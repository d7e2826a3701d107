import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';
import { close, listen } from '#cdk/local/http-server.ts';
import type { RouteAction } from '#cdk/local/load-balancer/rules.ts';
import { createLoadBalancer, limits } from '#cdk/local/load-balancer/server.ts';
import { systemClock, systemRandom, systemTimers } from '#cdk/local/system.ts';
import { selfSignedCertificate } from '#shared/x509/self-signed.ts';
import { eventually } from '#test/support/eventually.ts';
import { fixtureFunction, startPool } from './pool.ts';

const certificate = selfSignedCertificate({
  commonName: '127.0.0.1',
  validDays: 1,
  nowMs: Date.now(),
});
const probe = 'GET / HTTP/1.1\r\nX-VPN: 1\r\nHost: 127.0.0.1\r\n\r\n';

/** A front door whose function answers every request with its own event. */
async function startFrontDoor(context: TestContext, idleTimeoutMs = 60_000): Promise<number> {
  const { pool } = startPool(context, fixtureFunction('echo'));
  const targetGroupArn = 'arn:targets';
  const invoke: RouteAction = {
    ...{ kind: 'invoke', functionArn: pool.spec.arn },
    ...{ targetGroupArn, isMultiValue: false },
  };
  const server = createLoadBalancer({
    routes: {
      port: 443,
      idleTimeoutMs,
      choose: (path) =>
        path === '/healthz'
          ? { kind: 'answer', status: 200, contentType: 'text/plain', text: 'ok' }
          : invoke,
    },
    ...certificate,
    pool: () => pool,
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
    onBadAnswer: () => undefined,
  });
  context.after(() => close(server));
  return listen(server, '127.0.0.1', 0);
}

/** A TLS client that keeps what it reads. */
class Client {
  received = '';
  ended = false;
  failure: Error | undefined;
  readonly socket: TLSSocket;

  constructor(port: number, version: 'TLSv1.2' | 'TLSv1.3' = 'TLSv1.3') {
    this.socket = connect({
      host: '127.0.0.1',
      port,
      rejectUnauthorized: false,
      minVersion: version,
      maxVersion: version,
    });
    this.socket.on('data', (chunk: Buffer) => {
      this.received += chunk.toString('latin1');
    });
    this.socket.once('end', () => {
      this.ended = true;
    });
    this.socket.once('error', (error) => {
      this.failure = error;
    });
  }

  receives(pattern: RegExp, limitMs = 5_000): Promise<void> {
    return eventually(
      () => (pattern.test(this.received) ? undefined : `received only: ${this.received}`),
      limitMs,
    );
  }

  /** The peer ended TLS with close_notify: an abrupt close would be an error, not an end. */
  async endsCleanly(limitMs = 5_000): Promise<void> {
    await eventually(() => (this.ended ? undefined : 'no close_notify'), limitMs);
    assert.equal(this.failure, undefined);
  }
}

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`a genuine client's probe and two POSTs on one ${version} connection`, async (context) => {
    const client = new Client(await startFrontDoor(context), version);
    client.socket.write(probe);
    await client.receives(/"httpMethod":"GET"/);
    for (const target of ['/vpnsvc/connect.cgi', '/vpnsvc/vpn.cgi']) {
      client.received = '';
      client.socket.write(
        `POST ${target} HTTP/1.1\r\nConnection: Keep-Alive\r\nContent-Length: 3\r\n` +
          'Content-Type: application/octet-stream\r\nHost: 127.0.0.1\r\n\r\nabc',
      );
      await client.receives(new RegExp(`"path":"${target}"`));
      await client.receives(/"body":"YWJj"/);
    }
    client.socket.end();
    await once(client.socket, 'close');
    assert.equal(client.failure, undefined);
  });
}

test('the answer has a length, no chunks, and no header without a value', async (context) => {
  const client = new Client(await startFrontDoor(context));
  client.socket.write(probe);
  await client.receives(/\r\n\r\n/);
  const [head = ''] = client.received.split('\r\n\r\n');
  assert.match(head, /^HTTP\/1\.1 200 OK\r\n/);
  assert.match(head, /\r\nContent-Length: \d+/);
  assert.match(head, /\r\nConnection: keep-alive/);
  assert.match(head, /\r\nServer: awselb\/2\.0/);
  assert.doesNotMatch(head, /chunked/i);
  for (const line of head.split('\r\n').slice(1)) assert.match(line, /^[^:]+: .+$/);
  client.socket.destroy();
});

test('garbage is answered 400 and ended cleanly', async (context) => {
  const client = new Client(await startFrontDoor(context));
  client.socket.write('\u0000\u0001garbage\r\n\r\n');
  await client.receives(/^HTTP\/1\.1 400 /);
  await client.endsCleanly();
});

test('a body that announces more than 1 MiB is refused before it is read', async (context) => {
  const client = new Client(await startFrontDoor(context));
  client.socket.write(
    `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${limits.bodyBytesMax + 1}\r\n\r\n`,
  );
  await client.receives(/^HTTP\/1\.1 413 /);
  await client.endsCleanly();
});

test('headers beyond the limit are refused', async (context) => {
  const client = new Client(await startFrontDoor(context));
  client.socket.write(`GET / HTTP/1.1\r\nX: ${'x'.repeat(limits.headerBytesMax + 1)}\r\n\r\n`);
  await client.receives(/^HTTP\/1\.1 4\d\d /);
  await client.endsCleanly();
});

test('an idle connection is ended with close_notify', async (context) => {
  const client = new Client(await startFrontDoor(context, 300));
  client.socket.write(probe);
  await client.receives(/"httpMethod"/);
  await client.endsCleanly();
});

test('a fixed response needs no function', async (context) => {
  const client = new Client(await startFrontDoor(context));
  client.socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  await client.receives(/\r\n\r\nok$/);
  await client.endsCleanly();
});

test('a client that leaves in the middle of its request disturbs nobody', async (context) => {
  const port = await startFrontDoor(context);
  const leaver = new Client(port);
  leaver.socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf');
  await once(leaver.socket, 'secureConnect');
  leaver.socket.destroy();
  const client = new Client(port);
  client.socket.write(probe);
  await client.receives(/"httpMethod"/);
  client.socket.destroy();
});
