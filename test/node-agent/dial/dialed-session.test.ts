import assert from 'node:assert/strict';
import { after, afterEach, beforeEach, describe, test } from 'node:test';
import type { DialOptions } from '#node-agent/dial/dial-options.ts';
import type { DialedSession } from '#node-agent/dial/dialed-session.ts';
import { systemRandom } from '#node-agent/system.ts';
import {
  decodeAdditionalConnect,
  encodeAdditionalConnectAnswer,
} from '#shared/wire/additional-connect.ts';
import { encodeErrorAnswer } from '#shared/wire/error-answer.ts';
import { readMethod } from '#shared/wire/method.ts';
import type { Pack } from '#shared/wire/pack.ts';
import { encodeWelcome, type Welcome } from '#shared/wire/welcome.ts';
import { eventually } from '#test/support/eventually.ts';
import { becomes, dialed, openHandles, soonMs } from './dialing.ts';
import { ManualTime } from './manual-time.ts';
import { plainWelcome, type ScriptedLink, ScriptedServer } from './scripted-server.ts';

let time: ManualTime;
let server: ScriptedServer;
const sessions: DialedSession[] = [];

/** What the server does with a request for a further connection; by default it agrees. */
let onAdditional: (pack: Pack, link: ScriptedLink) => Pack | undefined;

beforeEach(() => {
  time = new ManualTime();
  onAdditional = (_pack, link) => {
    link.stream();
    return encodeAdditionalConnectAnswer({ direction: 'both' });
  };
});
afterEach(async () => {
  const closing = Promise.all(sessions.splice(0).map((session) => session.close()));
  await server.close();
  await closing;
});
after(() => becomes('what is left open', openHandles, []));

/** A session whose clock is `time`; the attempt itself is over when it is returned. */
async function session(
  welcome: Partial<Welcome> = {},
  more: Partial<DialOptions> = {},
): Promise<DialedSession> {
  server = await ScriptedServer.start({
    answer: (pack, link) => {
      if (readMethod(pack) === 'additional_connect') return onAdditional(pack, link);
      link.stream();
      return encodeWelcome({ ...plainWelcome, ...welcome });
    },
  });
  const dialedSession = await dialed(server.port, {
    clock: time,
    timers: time,
    random: { ...systemRandom, fraction: () => 0 },
    additionalConnectEveryMs: 1_000,
    ...more,
  });
  sessions.push(dialedSession);
  time.advance(0); // begin to read
  return dialedSession;
}

const link = (index: number): ScriptedLink => {
  const found = server.links[index];
  assert.ok(found, `connection ${index}`);
  return found;
};
const record = (text: string): Buffer => {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(1, 0);
  head.writeUInt32BE(text.length, 4);
  return Buffer.concat([head, Buffer.from(text)]);
};
/** Whatever was written before has arrived when this has. */
async function arrived(from: DialedSession, at: ScriptedLink, marker: string): Promise<void> {
  from.send([Buffer.from(marker)]);
  await becomes('last frame', () => at.frames.at(-1), marker);
}

describe('frames', () => {
  test('go out in order, as batches, and are counted', async () => {
    const one = await session();
    assert.ok(one.send([Buffer.from('a'), Buffer.from('bb')]));
    assert.ok(one.send([Buffer.from('ccc')]));
    assert.ok(one.send([]));
    await becomes('frames', () => link(0).frames, ['a', 'bb', 'ccc']);
    assert.equal(one.stats.framesSent, 3);
    assert.equal(one.stats.bytesSent, 6);
  });

  test('come in, in order, and are counted', async () => {
    const frames: string[] = [];
    const one = await session({}, { onFrame: (frame) => frames.push(frame.toString()) });
    link(0).socket.write(Buffer.concat([record('a'), record('bb')]));
    await becomes('frames', () => frames, ['a', 'bb']);
    assert.equal(one.stats.framesReceived, 2);
    assert.equal(one.stats.bytesReceived, 3);
  });

  test('are dropped, never waited for, while the peer does not read', async () => {
    const one = await session();
    let drains = 0;
    one.onDrain = () => {
      drains += 1;
    };
    link(0).socket.pause();
    const frames = Array.from({ length: 100 }, () => Buffer.alloc(1500));
    let sends = 0;
    while (one.send(frames) && sends < 1000) sends += 1;
    assert.ok(sends < 1000, 'the buffer has an end');
    assert.equal(one.stats.framesDropped, 100);
    assert.ok(one.bufferedBytes < 3_000_000, `${one.bufferedBytes} bytes`);
    link(0).socket.resume();
    await becomes('buffered bytes', () => one.bufferedBytes, 0);
    assert.ok(drains > 0);
    assert.ok(one.send(frames));
  });
});

describe('keep-alives', () => {
  test('the first at once, the next after at least a fifth of the timeout', async () => {
    const one = await session({ timeoutMs: 20_000 });
    await becomes('keep-alives', () => link(0).keepAlivesAtMs.length, 1);
    time.advance(3_999);
    link(0).socket.write(record('x'));
    time.advance(1);
    await becomes('keep-alives', () => link(0).keepAlivesAtMs.length, 2);
    assert.equal(one.connections, 1);
  });

  test('frames sent put the next one off', async () => {
    const one = await session({ timeoutMs: 20_000 });
    await becomes('keep-alives', () => link(0).keepAlivesAtMs.length, 1);
    time.advance(3_999);
    await arrived(one, link(0), 'first');
    time.advance(3_999);
    await arrived(one, link(0), 'second');
    assert.equal(link(0).keepAlivesAtMs.length, 1);
    time.advance(4_000);
    await becomes('keep-alives', () => link(0).keepAlivesAtMs.length, 2);
  });
});

describe('connections', () => {
  test('are added one at a time until there are as many as allowed and wanted', async () => {
    const keys: string[] = [];
    const agree = onAdditional;
    onAdditional = (pack, at) => {
      keys.push(decodeAdditionalConnect(pack).sessionKey.toString('hex'));
      return agree(pack, at);
    };
    const one = await session({ maxConnection: 3 }, { maxConnections: 8 });
    assert.equal(one.connections, 1);
    for (const expected of [2, 3]) {
      time.advance(1_000);
      await becomes('connections', () => one.connections, expected);
    }
    time.advance(10_000);
    assert.equal(one.connections, 3);
    assert.deepEqual(keys, Array(2).fill(plainWelcome.sessionKey.toString('hex')));
    assert.equal(server.links.length, 3);
    const lines = link(1).requests.map(({ line }) => line.split(' ')[1]);
    assert.deepEqual(lines, ['/vpnsvc/connect.cgi', '/vpnsvc/vpn.cgi']);
  });

  test('never more than wanted, whatever the server offers', async () => {
    const one = await session({ maxConnection: 32 }, { maxConnections: 1 });
    time.advance(5_000);
    assert.equal(one.connections, 1);
    assert.equal(server.links.length, 1);
  });

  test('one that only brings is never sent on', async () => {
    onAdditional = (_pack, at) => {
      at.stream();
      return encodeAdditionalConnectAnswer({ direction: 'server-to-client' });
    };
    const frames: string[] = [];
    const one = await session(
      { maxConnection: 2 },
      { maxConnections: 2, onFrame: (frame) => frames.push(frame.toString()) },
    );
    time.advance(1_000);
    await becomes('connections', () => one.connections, 2);
    time.advance(0);
    for (let i = 0; i < 10; i++) one.send([Buffer.from(`${i}`)]);
    link(1).socket.write(record('down'));
    await becomes('frames up', () => link(0).frames.length, 10);
    await becomes('frames down', () => frames, ['down']);
    assert.deepEqual(link(1).frames, []);
    assert.deepEqual(link(1).keepAlivesAtMs, []);
  });

  test('one that is lost is replaced, and the session goes on', async () => {
    const one = await session();
    time.advance(1_000);
    link(0).socket.destroy();
    await becomes('connections made', () => one.stats.connectionsMade, 2);
    await becomes('connections', () => one.connections, 1);
    assert.equal(one.stats.connectionsLost, 1);
    await arrived(one, link(1), 'still here');
  });

  test('one whose peer breaks the stream is ended and replaced', async () => {
    const one = await session();
    time.advance(1_000);
    link(0).socket.write(Buffer.from('00000001ffffffff', 'hex'));
    await becomes('connections made', () => one.stats.connectionsMade, 2);
    await becomes('end of the first', () => link(0).endedWell, true);
  });

  test('without any, frames are dropped and counted', async () => {
    onAdditional = () => encodeErrorAnswer(23);
    const one = await session();
    link(0).socket.destroy();
    await becomes('connections', () => one.connections, 0);
    assert.equal(one.send([Buffer.from('x'), Buffer.from('y')]), false);
    assert.equal(one.stats.framesDropped, 2);
  });

  test('a silent one is given up after the timeout', async () => {
    const one = await session({ timeoutMs: 20_000 });
    time.advance(19_999);
    assert.equal(one.connections, 1);
    time.advance(1);
    assert.equal(one.stats.connectionsLost, 1);
    await becomes('connections made', () => one.stats.connectionsMade, 2);
  });
});

describe('the end', () => {
  test('close ends every connection with close_notify and leaves nothing', async () => {
    const one = await session({ maxConnection: 2 }, { maxConnections: 2 });
    time.advance(1_000);
    await becomes('connections', () => one.connections, 2);
    await one.close();
    assert.deepEqual(await one.ended, { kind: 'closed' });
    await becomes('open connections', () => server.openLinks, 0);
    assert.ok(link(0).endedWell && link(1).endedWell);
    assert.equal(time.waiting, 0, 'no timer is left');
    assert.equal(one.send([Buffer.from('x')]), false);
    await one.close();
  });

  test('close sends what was given to send before', async () => {
    const one = await session();
    const frames = Array.from({ length: 500 }, (_, i) => Buffer.from(`${i}`.padEnd(1000)));
    one.send(frames);
    await one.close();
    await becomes('frames', () => link(0).frames.length, 500);
  });

  test('close while a connection is being added cancels that', async () => {
    onAdditional = () => undefined;
    const one = await session({ maxConnection: 2 }, { maxConnections: 2 });
    time.advance(1_000);
    await becomes('requests', () => server.links[1]?.requests.length, 2);
    await one.close();
    await becomes('open connections', () => server.openLinks, 0);
    assert.equal(time.waiting, 0);
  });

  for (const code of [13, 14]) {
    test(`${code} to additional_connect ends the session at once (orderly drain)`, async () => {
      onAdditional = () => encodeErrorAnswer(code);
      const ends: unknown[] = [];
      const one = await session({}, { onEnd: (end) => ends.push(end) });
      time.advance(1_000);
      link(0).socket.end();
      assert.deepEqual(await one.ended, { kind: 'refused', code });
      await becomes('ends told', () => ends, [{ kind: 'refused', code }]);
    });
  }

  test('another error does not: it tries again', async () => {
    let refusals = 0;
    const agree = onAdditional;
    onAdditional = (pack, at) => {
      refusals += 1;
      return refusals < 3 ? encodeErrorAnswer(15) : agree(pack, at);
    };
    const one = await session({}, {});
    time.advance(1_000);
    link(0).socket.destroy();
    await becomes('refusals', () => refusals, 1);
    for (const expected of [2, 3]) {
      await eventually(() => {
        time.advance(500);
        return refusals >= expected ? undefined : `${refusals} refusals`;
      }, soonMs);
    }
    await becomes('connections', () => one.connections, 1);
  });

  test('nothing sent or received for the timeout', async () => {
    const one = await session({ timeoutMs: 5_000 });
    await server.close();
    await becomes('connections', () => one.connections, 0);
    time.advance(4_999);
    time.advance(1);
    assert.deepEqual(await one.ended, { kind: 'timeout' });
    assert.equal(time.waiting, 0);
  });

  test('another server at the member address, seen by its certificate', async () => {
    const one = await session();
    const { port, certificate } = server;
    await one.close();
    const ends: unknown[] = [];
    const careful = await dialed(port, {
      clock: time,
      timers: time,
      pin: certificate,
      onEnd: (end) => ends.push(end),
    });
    sessions.push(careful);
    await server.close();
    server = await ScriptedServer.start({ port, certificate: 1, answer: () => undefined });
    await eventually(() => {
      time.advance(30);
      return ends.length > 0 ? undefined : 'the session goes on';
    }, soonMs);
    assert.deepEqual(ends, [{ kind: 'pin-mismatch' }]);
    assert.deepEqual(
      server.links.flatMap(({ requests }) => requests),
      [],
    );
  });
});
