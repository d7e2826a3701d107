import assert from 'node:assert/strict';
import { test } from 'node:test';
import { machineIdOf } from '#functions/http/caller.ts';
import { behindFunctionUrl } from '#functions/http/function-url.ts';
import { agentRoutes } from '#shared/contract/routes.ts';
import { ControlPlane } from '../control-plane.ts';
import { TestMember } from '../test-member.ts';

const context = { awsRequestId: 'request-1' };
const roleArn = 'arn:aws:sts::123456789012:assumed-role/Member/i-0123456789abcdef0';

/** What a function URL with IAM sends (payload format 2.0). */
function urlEvent(rawPath: string, body: string, changes: object = {}): object {
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath,
    rawQueryString: '',
    headers: { 'content-type': 'application/json', authorization: 'AWS4-HMAC-SHA256 …' },
    requestContext: {
      accountId: '123456789012',
      authorizer: { iam: { accountId: '123456789012', userArn: roleArn, userId: 'AROA:i-0' } },
      http: { method: 'POST', path: rawPath, protocol: 'HTTP/1.1', sourceIp: '192.0.2.1' },
    },
    body,
    isBase64Encoded: false,
    ...changes,
  };
}

test('a join through a function URL event, in clear and in base64', async () => {
  const plane = new ControlPlane();
  const handle = behindFunctionUrl(plane.agentApi);
  const body = JSON.stringify(new TestMember(plane, 'x', {}).request);
  const clear = await handle(urlEvent(agentRoutes.join, body), context);
  assert.equal(clear.statusCode, 200);
  assert.equal(clear.headers['content-type'], 'application/json');
  assert.equal(JSON.parse(clear.body).memberId, 'i-0123456789abcdef0');
  const coded = { body: Buffer.from(body).toString('base64'), isBase64Encoded: true };
  const again = await handle(urlEvent(agentRoutes.join, '', coded), context);
  assert.equal(JSON.parse(again.body).epoch, 2);
});

test('without a proven caller, and elsewhere, a problem is answered', async () => {
  const handle = behindFunctionUrl(new ControlPlane().agentApi);
  const requestContext = { http: { method: 'POST' } };
  const anonymous = await handle(urlEvent(agentRoutes.join, '{}', { requestContext }), context);
  assert.equal(anonymous.statusCode, 403);
  assert.equal(JSON.parse(anonymous.body).kind, 'not-a-member');
  const get = { http: { method: 'GET' } };
  const reading = await handle(urlEvent(agentRoutes.join, '', { requestContext: get }), context);
  assert.equal(reading.statusCode, 400);
  assert.equal(reading.headers['content-type'], 'application/problem+json');
});

test('an instance is known by its role session name, in every partition', () => {
  assert.equal(machineIdOf(roleArn), 'i-0123456789abcdef0');
  for (const partition of ['aws-cn', 'aws-us-gov']) {
    assert.equal(machineIdOf(roleArn.replace('aws', partition)), 'i-0123456789abcdef0');
  }
  for (const arn of [
    roleArn.replace('/i-', '/I-'),
    roleArn.replace('assumed-role', 'federated-user'),
    `${roleArn}\n`,
    roleArn.replace('Member/i-0123456789abcdef0', 'i-0123456789abcdef0'),
    'arn:aws:iam::123456789012:role/i-0123456789abcdef0',
  ]) {
    assert.equal(machineIdOf(arn), undefined, arn);
  }
});
