import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { connect, createServer, TLSSocket } from 'node:tls';
import { ReadBuffer } from '#node-agent/listener/read-buffer.ts';
import { selfSignedCertificate } from '#shared/x509/self-signed.ts';
import { eventually } from '#test/support/eventually.ts';

const { keyPem, certPem } = selfSignedCertificate({
  commonName: 'localhost',
  validDays: 1,
  nowMs: Date.now(),
});

test('accepted TLS sockets read into the one buffer, in order, to the end', async () => {
  const buffer = new ReadBuffer();
  const emitted: Buffer[] = [];
  const served: Buffer[] = [];
  const memories = new Set<ArrayBufferLike>();
  let isServed = false;
  let isEnded = false;
  const server = createServer({ key: keyPem, cert: certPem }, (socket) => {
    socket.on('end', () => {
      isEnded = true;
    });
    socket.on('data', (chunk: Buffer) => {
      emitted.push(chunk);
      if (isServed) return;
      isServed = buffer.serve(socket, (bytes) => {
        memories.add(bytes.buffer);
        served.push(Buffer.from(bytes));
      });
      socket.pause();
      socket.write('go on');
      socket.resume();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const client = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  client.write('first');
  await once(client, 'data');
  const sent = Buffer.alloc(1_000_000);
  for (let i = 0; i < sent.length; i++) sent[i] = i % 251;
  client.end(sent);
  await eventually(() => (isEnded ? undefined : 'the end'), 10_000);
  assert.ok(isServed);
  assert.equal(Buffer.concat(emitted).toString(), 'first');
  assert.ok(Buffer.concat(served).equals(sent));
  assert.equal(memories.size, 1);
  server.close();
});

test('a socket without the fields it takes is left as it is', () => {
  const socket = Object.create(TLSSocket.prototype) as TLSSocket;
  assert.equal(
    new ReadBuffer().serve(socket, () => undefined),
    false,
  );
});
