import assert from 'node:assert/strict';
import { test } from 'node:test';
import { functionUrlAnswer, functionUrlEvent } from '#cdk/local/lambda/function-url.ts';

const caller = {
  principal: {
    ...{ kind: 'role' as const, roleName: 'MembersRole' },
    ...{ roleId: 'AROA123', sessionName: 'i-0123456789abcdef0' },
  },
  accessKeyId: 'ASIA1',
};

test('payload format 2.0 tells who signed, and nothing that was secret', () => {
  const event = functionUrlEvent(
    {
      method: 'POST',
      target: '/v1/heartbeats?a=1&a=2',
      headers: {
        host: '127.0.0.1:1',
        'content-type': 'application/json',
        authorization: 'AWS4-HMAC-SHA256 …',
        'x-amz-security-token': 'secret',
      },
      body: Buffer.from('{"seq":1}'),
    },
    caller,
    Date.UTC(2026, 10, 23),
  ) as {
    version: string;
    rawPath: string;
    rawQueryString: string;
    queryStringParameters: object;
    headers: object;
    body: string;
    isBase64Encoded: boolean;
    requestContext: { authorizer: { iam: object }; http: { method: string }; timeEpoch: number };
  };
  assert.equal(event.version, '2.0');
  assert.equal(event.rawPath, '/v1/heartbeats');
  assert.equal(event.rawQueryString, 'a=1&a=2');
  assert.deepEqual(event.queryStringParameters, { a: '1,2' });
  assert.deepEqual(Object.keys(event.headers).sort(), ['content-type', 'host']);
  assert.equal(event.body, '{"seq":1}');
  assert.equal(event.isBase64Encoded, false);
  assert.equal(event.requestContext.http.method, 'POST');
  assert.equal(event.requestContext.timeEpoch, Date.UTC(2026, 10, 23));
  assert.deepEqual(event.requestContext.authorizer.iam, {
    accessKey: 'ASIA1',
    accountId: '000000000000',
    callerId: 'AROA123:i-0123456789abcdef0',
    cognitoIdentity: null,
    principalOrgId: null,
    userArn: 'arn:aws:sts::000000000000:assumed-role/MembersRole/i-0123456789abcdef0',
    userId: 'AROA123:i-0123456789abcdef0',
  });
});

test('a response is taken as one, anything else is the body', () => {
  const full = functionUrlAnswer(
    JSON.stringify({ statusCode: 409, headers: { 'Content-Type': 'text/plain' }, body: 'stale' }),
  );
  assert.deepEqual(full, {
    status: 409,
    headers: { 'content-type': 'text/plain' },
    body: Buffer.from('stale'),
  });
  assert.equal(functionUrlAnswer('{"a":1}').body.toString(), '{"a":1}');
  assert.equal(functionUrlAnswer('{"statusCode":"x"}').status, 502);
});
