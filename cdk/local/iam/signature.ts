import { createHash, timingSafeEqual } from 'node:crypto';
import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';
import type { Clock } from '#shared/kernel/clock.ts';
import type { CredentialRegistry, Issued } from './credential-registry.ts';

/** An HTTP request as it arrived: header names in lower case, the body complete. */
export interface ArrivedRequest {
  readonly method: string;
  /** Path and query as on the request line. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface SignatureCheck {
  readonly registry: CredentialRegistry;
  readonly clock: Clock;
  /** What the credential scope must name. */
  readonly service: string;
  readonly region: string;
}

export type SignatureResult =
  | { readonly kind: 'verified'; readonly by: Issued }
  | { readonly kind: 'refused'; readonly code: RefusalCode; readonly message: string };

type RefusalCode =
  | 'MissingAuthenticationTokenException'
  | 'IncompleteSignatureException'
  | 'UnrecognizedClientException'
  | 'InvalidSignatureException';

/** AWS accepts requests whose date is this far off. */
const dateToleranceMs = 5 * 60_000;

const authorizationFormat = new RegExp(
  '^AWS4-HMAC-SHA256 ' +
    'Credential=([^/]+)/(\\d{8})/([^/]+)/([^/]+)/aws4_request, ?' +
    'SignedHeaders=([^,]+), ?' +
    'Signature=([0-9a-f]{64})$',
);

/** Check an AWS Signature Version 4 by computing it again, with the same headers signed. */
export async function checkSignature(
  request: ArrivedRequest,
  check: SignatureCheck,
): Promise<SignatureResult> {
  const header = request.headers['authorization'];
  if (header === undefined) {
    return refuse('MissingAuthenticationTokenException', 'Request is missing Authentication Token');
  }
  const [, accessKeyId, day, region, service, signedList, signature] =
    authorizationFormat.exec(header) ?? [];
  if (accessKeyId === undefined || signedList === undefined || signature === undefined) {
    return refuse('IncompleteSignatureException', 'Authorization header is malformed');
  }
  const issued = check.registry.find(accessKeyId);
  if (
    issued === undefined ||
    request.headers['x-amz-security-token'] !== issued.credentials.sessionToken
  ) {
    return refuse(
      'UnrecognizedClientException',
      'The security token included in the request is invalid',
    );
  }
  const signedMs = parseAmzDate(request.headers['x-amz-date'] ?? '');
  if (signedMs === undefined || Math.abs(check.clock.nowMs() - signedMs) > dateToleranceMs) {
    return refuse('InvalidSignatureException', 'Signature expired or not yet valid');
  }
  if (service !== check.service || region !== check.region) {
    return refuse(
      'InvalidSignatureException',
      `Credential should be scoped to ${check.region} and ${check.service}`,
    );
  }
  const signedHeaders = signedList.split(';');
  if (!signedHeaders.includes('host') || !isPayloadHashTrue(request)) {
    return refuse('InvalidSignatureException', 'Host and payload must be what was signed');
  }
  const expected = await computeSignature(request, issued, signedHeaders, signedMs, check);
  const equal = timingSafeEqual(Buffer.from(expected, 'hex'), Buffer.from(signature, 'hex'));
  if (!equal || day !== amzDate(signedMs).slice(0, 8)) {
    return refuse(
      'InvalidSignatureException',
      'The request signature we calculated does not match the signature you provided',
    );
  }
  return { kind: 'verified', by: issued };
}

async function computeSignature(
  request: ArrivedRequest,
  { credentials }: Issued,
  signedHeaders: readonly string[],
  signedMs: number,
  check: SignatureCheck,
): Promise<string> {
  const url = new URL(request.target, 'http://local');
  const headers = Object.fromEntries(
    signedHeaders.map((name) => [name, request.headers[name] ?? '']),
  );
  const signer = new SignatureV4({
    service: check.service,
    region: check.region,
    sha256: Sha256,
    applyChecksum: false, // sign nothing but what the caller signed
    credentials: {
      accessKeyId: credentials.accessKeyId,
      secretAccessKey: credentials.secretAccessKey,
      ...(credentials.sessionToken !== undefined && signedHeaders.includes('x-amz-security-token')
        ? { sessionToken: credentials.sessionToken }
        : {}),
    },
  });
  const signed = await signer.sign(
    {
      method: request.method,
      protocol: 'http:',
      hostname: 'local',
      path: url.pathname,
      query: queryOf(url),
      headers,
      body: request.body,
    },
    { signingDate: new Date(signedMs), signableHeaders: new Set(signedHeaders) },
  );
  const found = /Signature=([0-9a-f]{64})$/.exec(signed.headers['authorization'] ?? '');
  return found?.[1] ?? '';
}

/** The signature covers the body's hash only as the header states it; so that must be true. */
function isPayloadHashTrue({ headers, body }: ArrivedRequest): boolean {
  const stated = headers['x-amz-content-sha256'];
  return stated === undefined || stated === createHash('sha256').update(body).digest('hex');
}

function queryOf(url: URL): Record<string, string | string[]> {
  return Object.fromEntries(
    [...new Set(url.searchParams.keys())].map((name) => {
      const values = url.searchParams.getAll(name);
      return [name, values.length === 1 ? (values[0] ?? '') : values];
    }),
  );
}

/** `20261122T234242Z` */
function amzDate(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;
}

function parseAmzDate(text: string): number | undefined {
  const digits = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text)?.slice(1).map(Number);
  if (digits === undefined) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = digits;
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

function refuse(code: RefusalCode, message: string): SignatureResult {
  return { kind: 'refused', code, message };
}
