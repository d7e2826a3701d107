import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { isIP } from 'node:net';
import {
  bitString,
  boolean,
  constructed,
  integer,
  objectIdentifier,
  octetString,
  primitive,
  sequence,
  set,
  time,
  utf8String,
} from './der.ts';

/** What a self-signed certificate shall say. */
export interface SelfSignedRequest {
  /** Subject and issuer; also the one subject alternative name unless `names` says others. */
  readonly commonName: string;
  readonly validDays: number;
  /** Wall clock; the certificate is valid from an hour before, for peers whose clock is slow. */
  readonly nowMs: number;
  /** Subject alternative names: DNS names and IPv4 literals. */
  readonly names?: readonly string[];
}

/** A fresh ECDSA P-256 key and the certificate it signed for itself. */
export interface SelfSigned {
  /** PKCS #8. */
  readonly keyPem: string;
  readonly certPem: string;
  /** The exact bytes a TLS peer is shown: what a redirect pins (I9). */
  readonly certDer: Buffer;
}

const oid = {
  commonName: '2.5.4.3',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
} as const;

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const commonNameMax = 64; // RFC 5280, ub-common-name

/** Make a key and a version 3 certificate for it (RFC 5280). Node can verify but not issue them. */
export function selfSignedCertificate(request: SelfSignedRequest): SelfSigned {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const publicKey = pair.publicKey.export({ type: 'spki', format: 'der' });
  const signatureAlgorithm = sequence(objectIdentifier(oid.ecdsaWithSha256));
  const body = sequence(
    constructed(0, integer(Buffer.from([2]))), // v3
    integer(serialNumber(publicKey)),
    signatureAlgorithm,
    distinguishedName(request.commonName),
    sequence(time(request.nowMs - hourMs), time(request.nowMs + request.validDays * dayMs)),
    distinguishedName(request.commonName),
    publicKey,
    constructed(3, extensions(publicKey, request.names ?? [request.commonName])),
  );
  const signature = sign('sha256', body, pair.privateKey);
  const certDer = sequence(body, signatureAlgorithm, bitString(signature));
  return {
    keyPem: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    certPem: pem('CERTIFICATE', certDer),
    certDer,
  };
}

/** 127 positive bits of the key's own digest: unique as the key is, without further randomness. */
function serialNumber(publicKey: Buffer): Buffer {
  const digest = createHash('sha256').update(publicKey).digest().subarray(0, 16);
  digest[0] = ((digest[0] ?? 0) & 0x7f) | 0x40;
  return digest;
}

function distinguishedName(commonName: string): Buffer {
  const text = commonName.slice(0, commonNameMax);
  return sequence(set(sequence(objectIdentifier(oid.commonName), utf8String(text))));
}

function extensions(publicKey: Buffer, names: readonly string[]): Buffer {
  const keyIdentifier = createHash('sha1').update(publicKey).digest();
  return sequence(
    extension(oid.basicConstraints, sequence(), true), // not a CA
    extension(oid.keyUsage, bitString(Buffer.from([0x80]), 7), true), // digitalSignature
    extension(oid.extendedKeyUsage, sequence(objectIdentifier(oid.serverAuth))),
    extension(oid.subjectKeyIdentifier, octetString(keyIdentifier)),
    extension(oid.subjectAltName, sequence(...names.map(generalName))),
  );
}

function extension(id: string, value: Buffer, critical = false): Buffer {
  const flag = critical ? [boolean(true)] : [];
  return sequence(objectIdentifier(id), ...flag, octetString(value));
}

function generalName(name: string): Buffer {
  return isIP(name) === 4
    ? primitive(7, Buffer.from(name.split('.').map(Number)))
    : primitive(2, Buffer.from(name, 'latin1'));
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}
