import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Imds } from '#cdk/local/ec2/imds.ts';
import { CredentialRegistry } from '#cdk/local/iam/credential-registry.ts';
import { realRandom, SettableClock } from './clockwork.ts';

const hourMs = 3_600_000;
const instanceId = 'i-0123456789abcdef0';
const rolePath = '/latest/meta-data/iam/security-credentials/';

async function startImds(context: TestContext) {
  const clock = new SettableClock(Date.UTC(2026, 10, 23));
  const registry = new CredentialRegistry(clock, realRandom);
  const imds = new Imds(
    {
      instanceId,
      address: '127.0.0.1',
      principal: {
        ...{ kind: 'role', roleName: 'MembersRole' },
        ...{ roleId: 'AROA1', sessionName: instanceId },
      },
    },
    { clock, registry, random: realRandom },
  );
  const endpoint = await imds.start();
  context.after(() => imds.stop());
  const put = (seconds: string): Promise<Response> =>
    fetch(`${endpoint}/latest/api/token`, {
      method: 'PUT',
      headers: { 'x-aws-ec2-metadata-token-ttl-seconds': seconds },
    });
  const token = await (await put('21600')).text();
  const get = (path: string, sent = token): Promise<Response> =>
    fetch(`${endpoint}${path}`, { headers: { 'x-aws-ec2-metadata-token': sent } });
  return { clock, registry, imds, put, get, token };
}

test('with a token: who and where the machine is', async (context) => {
  const { get } = await startImds(context);
  const read = async (path: string): Promise<string> => (await get(path)).text();
  assert.equal(await read('/latest/meta-data/instance-id'), instanceId);
  assert.equal(await read('/latest/meta-data/public-ipv4'), '127.0.0.1');
  assert.equal(await read('/latest/meta-data/placement/region'), 'eu-central-1');
  assert.equal(await read(rolePath), 'MembersRole');
  const document = JSON.parse(await read('/latest/dynamic/instance-identity/document'));
  assert.equal(document.instanceId, instanceId);
  assert.equal((await get('/latest/meta-data/spot/instance-action')).status, 404);
});

test('without a token, or with one that ended: 401', async (context) => {
  const { clock, get, put } = await startImds(context);
  const path = '/latest/meta-data/instance-id';
  assert.equal((await get(path, '')).status, 401);
  const short = await (await put('1')).text();
  assert.equal((await get(path, short)).status, 200);
  clock.ms += 1_000;
  assert.equal((await get(path, short)).status, 401);
  assert.equal((await put('0')).status, 400);
});

test('credentials are the role’s and are renewed in time', async (context) => {
  const { clock, registry, get, imds, put } = await startImds(context);
  const first = JSON.parse(await (await get(`${rolePath}MembersRole`)).text());
  assert.equal(first.Code, 'Success');
  const principal = registry.find(first.AccessKeyId)?.principal;
  assert.equal(principal?.kind === 'role' && principal.sessionName, instanceId);
  assert.equal(Date.parse(first.Expiration), clock.ms + 6 * hourMs);
  const again = JSON.parse(await (await get(`${rolePath}MembersRole`)).text());
  assert.equal(again.AccessKeyId, first.AccessKeyId);
  clock.ms += 5 * hourMs + 1;
  const fresh = await (await put('60')).text();
  const renewed = JSON.parse(await (await get(`${rolePath}MembersRole`, fresh)).text());
  assert.notEqual(renewed.AccessKeyId, first.AccessKeyId);
  imds.stop();
  assert.equal(registry.find(renewed.AccessKeyId), undefined, 'a machine that is gone has no keys');
});
