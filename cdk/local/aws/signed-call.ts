import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';
import type { AccessKey } from '../iam/credential-registry.ts';
import { place } from '../template/place.ts';
import { callLoopback } from './loopback-call.ts';

export interface SignedCall {
  readonly service: string;
  /** `http://127.0.0.1:port` */
  readonly endpoint: string;
  /** `X-Amz-Target`: service prefix and operation. */
  readonly target: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly credentials: AccessKey;
  readonly signal: AbortSignal;
}

/** One signed AWS JSON call, as the service named would make it with a role's credentials. */
export async function callSigned(call: SignedCall): Promise<unknown> {
  const { hostname, host, port } = new URL(call.endpoint);
  const body = Buffer.from(JSON.stringify(call.input));
  const signer = new SignatureV4({
    service: call.service,
    region: place.region,
    credentials: call.credentials,
    sha256: Sha256,
  });
  const signed = await signer.sign({
    method: 'POST',
    protocol: 'http:',
    hostname,
    path: '/',
    headers: { host, 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': call.target },
    body,
  });
  const answer = await callLoopback({
    port: Number(port),
    method: 'POST',
    path: '/',
    headers: signed.headers,
    body,
    signal: call.signal,
  });
  const text = answer.body.toString();
  if (answer.status !== 200) throw new Error(`${call.target}: ${text}`);
  return text === '' ? {} : JSON.parse(text);
}
