import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { connect, createServer } from 'node:tls';
import { selfSignedCertificate } from '#shared/x509/self-signed.ts';

const nowMs = Date.UTC(2026, 10, 22, 23, 42, 42);
const request = { commonName: '10.77.0.4', validDays: 3_650, nowMs };

test('the certificate is what OpenSSL reads: names, dates, key, signature', () => {
  const made = selfSignedCertificate(request);
  const read = new X509Certificate(made.certPem);
  assert.equal(read.subject, 'CN=10.77.0.4');
  assert.equal(read.issuer, 'CN=10.77.0.4');
  assert.equal(read.subjectAltName, 'IP Address:10.77.0.4');
  assert.equal(read.validFrom, 'Nov 22 22:42:42 2026 GMT');
  assert.equal(read.validTo, 'Nov 19 23:42:42 2036 GMT');
  assert.equal(read.ca, false);
  assert.ok(read.verify(read.publicKey));
  assert.ok(read.checkPrivateKey(createPrivateKey(made.keyPem)));
  assert.deepEqual(read.raw, made.certDer);
});

test('validity beyond 2049 and DNS names are encoded as RFC 5280 wants', () => {
  const made = selfSignedCertificate({
    ...request,
    validDays: 10_000,
    names: ['node.example', '192.0.2.1'],
  });
  const read = new X509Certificate(made.certPem);
  assert.equal(read.validTo, 'Apr  9 23:42:42 2054 GMT');
  assert.equal(read.subjectAltName, 'DNS:node.example, IP Address:192.0.2.1');
});

test('two certificates share neither key nor serial number', () => {
  const [first, second] = [selfSignedCertificate(request), selfSignedCertificate(request)];
  const serial = (pem: string): string => new X509Certificate(pem).serialNumber;
  assert.notEqual(first.keyPem, second.keyPem);
  assert.notEqual(serial(first.certPem), serial(second.certPem));
});

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`a ${version} server presents it, a client that trusts it connects`, async () => {
    const made = selfSignedCertificate(request);
    const server = createServer(
      { key: made.keyPem, cert: made.certPem, minVersion: version, maxVersion: version },
      (socket) => socket.end(),
    );
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const client = connect({
      host: '127.0.0.1',
      port,
      ca: made.certPem,
      servername: '',
      checkServerIdentity: () => undefined,
    });
    await once(client, 'secureConnect');
    assert.deepEqual(client.getPeerCertificate(true).raw, made.certDer);
    client.end();
    server.close();
    await once(server, 'close');
  });
}
