import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { describe, test } from 'node:test';
import { witnessMessageBytesMax } from '#node-agent/control/witness-message.ts';
import { witnessSocket } from '#node-agent/control/witness-socket.ts';
import { silentLog } from '#shared/kernel/log.ts';
import { eventually } from '#test/support/eventually.ts';

const address = '127.0.0.1';
const open = (received: Buffer[]) =>
  witnessSocket({ listen: { address, port: 0 }, address, log: silentLog })((bytes) => {
    received.push(bytes);
  });

describe('the witness socket', () => {
  test('carries datagrams both ways; what is too long is not looked at', async () => {
    const [heardByOne, heardByOther]: [Buffer[], Buffer[]] = [[], []];
    const [one, other] = [await open(heardByOne), await open(heardByOther)];
    one.send(Buffer.alloc(witnessMessageBytesMax + 1), other.endpoint);
    one.send(Buffer.from('a question'), other.endpoint);
    await eventually(() => (heardByOther.length > 0 ? undefined : 'nothing heard'), 2_000);
    other.send(Buffer.from('an answer'), one.endpoint);
    await eventually(() => (heardByOne.length > 0 ? undefined : 'no answer'), 2_000);
    assert.deepEqual(heardByOther.map(String), ['a question']);
    one.close();
    other.close();
  });

  test('sends nowhere without harm, and says when its port is taken', async () => {
    const taken = createSocket('udp4');
    await new Promise<void>((resolve) => taken.bind(0, address, resolve));
    const { port } = taken.address();
    const wire = witnessSocket({ listen: { address, port }, address, log: silentLog });
    await assert.rejects(
      wire(() => undefined),
      { code: 'EADDRINUSE' },
    );
    taken.close();
    const socket = await open([]);
    socket.send(Buffer.from('to nobody'), { address, port });
    socket.close();
  });
});
