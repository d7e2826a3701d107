import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';
import { CredentialRegistry } from '#cdk/local/iam/credential-registry.ts';
import {
  type ArrivedRequest,
  checkSignature,
  type SignatureResult,
} from '#cdk/local/iam/signature.ts';
import { realRandom, SettableClock } from './clockwork.ts';

const nowMs = Date.UTC(2026, 10, 23, 1, 2, 3);
const lifeMs = 3_600_000;
const principal = {
  ...{ kind: 'role' as const, roleName: 'MembersRole' },
  ...{ roleId: 'AROA1', sessionName: 'i-0123456789abcdef0' },
};

interface Changes {
  readonly signedMs?: number;
  readonly service?: string;
  readonly applyChecksum?: boolean;
  readonly query?: Record<string, string>;
  /** Done to the request on its way. */
  readonly tamper?: (request: ArrivedRequest) => ArrivedRequest;
  /** When the request arrives. */
  readonly arrivesMs?: number;
}

/** Sign as a client would, tamper, check. */
async function signAndCheck(changes: Changes): Promise<SignatureResult> {
  const clock = new SettableClock(nowMs);
  const registry = new CredentialRegistry(clock, realRandom);
  const credentials = registry.issue(principal, lifeMs);
  const body = Buffer.from('{"epoch":1}');
  const signer = new SignatureV4({
    service: changes.service ?? 'lambda',
    region: 'eu-central-1',
    sha256: Sha256,
    credentials,
    applyChecksum: changes.applyChecksum ?? true,
  });
  const signed = await signer.sign(
    {
      method: 'POST',
      protocol: 'http:',
      hostname: '127.0.0.1',
      path: '/v1/heartbeats',
      ...(changes.query === undefined ? {} : { query: changes.query }),
      headers: { host: '127.0.0.1:1234', 'content-type': 'application/json' },
      body,
    },
    { signingDate: new Date(changes.signedMs ?? nowMs) },
  );
  const query = new URLSearchParams(changes.query).toString();
  const request: ArrivedRequest = {
    method: 'POST',
    target: `/v1/heartbeats${query === '' ? '' : `?${query}`}`,
    headers: { ...signed.headers, 'user-agent': 'test', connection: 'keep-alive' },
    body,
  };
  clock.ms = changes.arrivesMs ?? nowMs;
  return checkSignature(changes.tamper?.(request) ?? request, {
    registry,
    clock,
    service: 'lambda',
    region: 'eu-central-1',
  });
}

async function refusedAs(changes: Changes, code: string): Promise<void> {
  const result = await signAndCheck(changes);
  assert.equal(result.kind === 'refused' ? result.code : result.kind, code);
}

test('a request signed with issued credentials is verified, and tells who signed it', async () => {
  for (const changes of [{}, { applyChecksum: false }, { query: { b: 'x y', a: '1' } }]) {
    const result = await signAndCheck(changes);
    assert.equal(result.kind, 'verified');
    assert.deepEqual(result.kind === 'verified' && result.by.principal, principal);
  }
});

test('another body, path, header or signature than what was signed is refused', async () => {
  const tampers: ((request: ArrivedRequest) => ArrivedRequest)[] = [
    (request) => ({ ...request, body: Buffer.from('{"epoch":2}') }),
    (request) => ({ ...request, target: '/v1/members' }),
    (request) => ({ ...request, target: `${request.target}?extra=1` }),
    (request) => ({ ...request, method: 'PUT' }),
    (request) => ({ ...request, headers: { ...request.headers, host: '127.0.0.2' } }),
    (request) => ({
      ...request,
      headers: {
        ...request.headers,
        authorization: (request.headers['authorization'] ?? '').replace(/.$/, (digit) =>
          digit === '0' ? '1' : '0',
        ),
      },
    }),
  ];
  for (const tamper of tampers) {
    await refusedAs({ tamper }, 'InvalidSignatureException');
    await refusedAs({ tamper, applyChecksum: false }, 'InvalidSignatureException');
  }
});

test('a body whose hash is only claimed is refused', async () => {
  const tamper = (request: ArrivedRequest): ArrivedRequest => ({
    ...request,
    body: Buffer.from('something else'),
  });
  await refusedAs({ tamper }, 'InvalidSignatureException');
});

test('a date more than five minutes off is refused, either way', async () => {
  await refusedAs({ signedMs: nowMs - 301_000 }, 'InvalidSignatureException');
  await refusedAs({ signedMs: nowMs + 301_000 }, 'InvalidSignatureException');
  assert.equal((await signAndCheck({ signedMs: nowMs - 299_000 })).kind, 'verified');
});

test('a signature for another service is refused', async () => {
  await refusedAs({ service: 'sqs' }, 'InvalidSignatureException');
});

test('a request without a signature, or a malformed one, is refused', async () => {
  const without = (authorization: string | undefined) => (request: ArrivedRequest) => {
    const { authorization: _, ...headers } = request.headers;
    return {
      ...request,
      headers: { ...headers, ...(authorization === undefined ? {} : { authorization }) },
    };
  };
  await refusedAs({ tamper: without(undefined) }, 'MissingAuthenticationTokenException');
  await refusedAs({ tamper: without('Basic eDp5') }, 'IncompleteSignatureException');
});

test('credentials that expired, or whose session token is wrong, are refused', async () => {
  await refusedAs({ arrivesMs: nowMs + lifeMs }, 'UnrecognizedClientException');
  const tamper = (request: ArrivedRequest): ArrivedRequest => ({
    ...request,
    headers: { ...request.headers, 'x-amz-security-token': 'wrong' },
  });
  await refusedAs({ tamper }, 'UnrecognizedClientException');
});

test('revoking a session forgets its credentials and no others', () => {
  const registry = new CredentialRegistry(new SettableClock(nowMs), realRandom);
  const one = registry.issue(principal, lifeMs);
  const other = registry.issue({ ...principal, sessionName: 'i-other' }, lifeMs);
  registry.revoke(principal.sessionName);
  assert.equal(registry.find(one.accessKeyId), undefined);
  const left = registry.find(other.accessKeyId)?.principal;
  assert.equal(left?.kind === 'role' && left.sessionName, 'i-other');
});
