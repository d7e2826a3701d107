import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { Agent as HttpAgent } from 'undici';
import { Imds } from '#node-agent/control/imds.ts';
import { ManualTime } from '#test/node-agent/dial/manual-time.ts';

const hourMs = 3_600_000;

let server: Server;
let dispatcher: HttpAgent;
let time: ManualTime;
let imds: Imds;
let answers: Map<string, string>;
let asked: string[];
let silent: boolean;

beforeEach(async () => {
  time = new ManualTime();
  asked = [];
  silent = false;
  answers = new Map([
    ['/latest/meta-data/instance-id', 'i-1\n'],
    ['/latest/meta-data/public-ipv4', '192.0.2.7'],
    ['/latest/meta-data/iam/security-credentials/', 'member-role'],
  ]);
  expireIn(6 * hourMs);
  server = createServer((request, response) => {
    if (silent) return;
    asked.push(`${request.method} ${request.url}`);
    const isToken = request.url === '/latest/api/token' && request.method === 'PUT';
    const allowed = isToken || request.headers['x-aws-ec2-metadata-token'] === 'the-token';
    const text = isToken ? 'the-token' : answers.get(request.url ?? '');
    response.writeHead(!allowed ? 401 : text === undefined ? 404 : 200);
    response.end(allowed ? text : '');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  dispatcher = new HttpAgent();
  const { port } = server.address() as AddressInfo;
  const endpoint = `http://127.0.0.1:${port}`;
  imds = new Imds({ endpoint, clock: time, dispatcher, deadlineMs: 500 });
});

afterEach(async () => {
  await dispatcher.destroy();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function expireIn(ms: number, key = 'AKID1'): void {
  const keys = {
    AccessKeyId: key,
    SecretAccessKey: 'secret',
    Token: 'session',
    Expiration: new Date(time.nowMs() + ms).toISOString(),
  };
  answers.set('/latest/meta-data/iam/security-credentials/member-role', JSON.stringify(keys));
}

describe('instance metadata', () => {
  test('says who the machine is, with one token for all questions', async () => {
    assert.equal(await imds.instanceId(), 'i-1');
    assert.equal(await imds.publicIpv4(), '192.0.2.7');
    assert.equal(asked.filter((it) => it.startsWith('PUT')).length, 1);
  });

  test('a machine without public address is told so', async () => {
    answers.set('/latest/meta-data/public-ipv4', 'none');
    await assert.rejects(imds.publicIpv4(), /no public-ipv4/);
    answers.delete('/latest/meta-data/public-ipv4');
    await assert.rejects(imds.publicIpv4(), /public-ipv4: HTTP 404/);
  });

  test('keys are kept until shortly before they expire', async () => {
    await imds.credentials();
    expireIn(6 * hourMs, 'AKID2');
    assert.equal((await imds.credentials()).accessKeyId, 'AKID1');
    time.advance(6 * hourMs - 60_000);
    expireIn(6 * hourMs, 'AKID2');
    assert.equal((await imds.credentials()).accessKeyId, 'AKID2');
  });

  test('old keys are used while they last if no new ones can be had', async () => {
    await imds.credentials();
    answers.set('/latest/meta-data/iam/security-credentials/member-role', 'not JSON');
    time.advance(6 * hourMs - 60_000);
    assert.equal((await imds.credentials()).accessKeyId, 'AKID1');
    time.advance(60_000);
    await assert.rejects(imds.credentials());
  });

  test('a service that does not answer is not waited for', async () => {
    silent = true;
    await assert.rejects(imds.instanceId(), { name: 'TimeoutError' });
  });
});
