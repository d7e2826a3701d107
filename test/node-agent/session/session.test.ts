import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { Session } from '#node-agent/session/session.ts';
import { deflateBlock } from '#node-agent/stream/compression.ts';
import { encodeBatch, encodeKeepAlive } from '#node-agent/stream/frame-batch.ts';
import { broadcast, frame, mac } from '#test/support/frames.ts';
import type { Station } from '../switch/hub-bench.ts';
import { join, SessionBench, TestWire } from './session-bench.ts';

const timeoutMs = 10_000;
const keepAliveMs = 4_500;
const keepAlive = encodeKeepAlive(Buffer.from('noise'));

let bench: SessionBench;
let session: Session;
let lan: Station;

beforeEach(() => {
  bench = new SessionBench();
  session = bench.session();
  lan = bench.hub.plug('lan');
});
afterEach(() => {
  session.close('stopping');
  assert.equal(bench.time.waiting, 0, 'a closed session leaves no timer');
  assert.equal(bench.budget.usedBytes, 0, 'a closed session holds no bytes');
  assert.equal(bench.tally.connections, 0, 'a closed session has no connections');
  assert.deepEqual(bench.hub.hub.consistencyCheck(), []);
});

describe('frames', () => {
  test('what a connection brings is forwarded, what the hub delivers is written', () => {
    const { wire, connection } = join(session);
    connection.received(encodeBatch([frame(broadcast, mac(1), 'out')]));
    lan.send(frame(mac(1), mac(2), 'in'));
    bench.endTurn();
    assert.deepEqual(lan.received, ['out']);
    assert.deepEqual(wire.frames, ['in']);
  });

  test('all frames of one turn leave in one batch', () => {
    const { wire } = join(session);
    for (const payload of ['1', '2', '3']) lan.send(frame(broadcast, mac(2), payload));
    assert.deepEqual(wire.frames, []);
    bench.endTurn();
    assert.deepEqual(wire.batches, [3]);
    lan.send(frame(broadcast, mac(2), '4'));
    bench.endTurn();
    assert.deepEqual(wire.batches, [3, 1]);
  });

  test('compressed if agreed, both ways', () => {
    session.close('stopping');
    session = bench.session({ compressed: true });
    const { wire, connection } = join(session, new TestWire(true));
    connection.received(encodeBatch([deflateBlock(frame(broadcast, mac(1), 'out'))]));
    connection.received(encodeBatch([Buffer.from('not zlib')]));
    lan.send(frame(mac(1), mac(2), 'in'));
    bench.endTurn();
    assert.deepEqual([lan.received, wire.frames], [['out'], ['in']]);
    assert.equal(bench.hub.hub.drops.of('not-inflatable'), 1);
  });

  test('a monitor hears all and is not heard', () => {
    session.close('stopping');
    session = bench.session({ attachment: { name: 'SID-ALICE-1', monitor: true } });
    const { wire, connection } = join(session);
    const other = bench.hub.plug('other');
    other.send(frame(broadcast, mac(3), 'x'));
    lan.send(frame(mac(3), mac(2), 'unicast'));
    connection.received(encodeBatch([frame(broadcast, mac(1), 'out')]));
    bench.endTurn();
    assert.deepEqual(wire.frames, ['x', 'unicast']);
    assert.equal(bench.hub.hub.drops.of('from-monitor'), 1);
  });

  test('a frame of 1601 bytes is dropped by name, the connection lives', () => {
    const { connection, wire } = join(session);
    connection.received(encodeBatch([frame(broadcast, mac(1), Buffer.alloc(1601 - 14))]));
    connection.received(encodeBatch([frame(broadcast, mac(1), 'small')]));
    assert.deepEqual(lan.received, ['small']);
    assert.equal(bench.hub.hub.drops.of('frame-too-long'), 1);
    assert.equal(wire.isEnded, false);
  });

  test('a broken record ends its connection and no other', () => {
    const first = join(session);
    const second = join(session);
    first.connection.received(Buffer.from('00000001ffffffff', 'hex'));
    first.connection.received(Buffer.from('00000001ffffffff', 'hex'));
    assert.deepEqual([first.wire.isEnded, second.wire.isEnded], [true, false]);
    assert.equal(session.connections, 1);
    assert.deepEqual(bench.connectionsEnded, ['stream-block-over-limit']);
  });

  test('the counters count both ways', () => {
    const { connection } = join(session);
    const sent = frame(broadcast, mac(1), 'out');
    connection.received(encodeBatch([sent, sent]));
    lan.send(frame(mac(1), mac(2), 'in'));
    bench.endTurn();
    const { framesReceived, bytesReceived, framesSent, bytesSent } = session.counters;
    assert.deepEqual([framesReceived, bytesReceived], [2, 2 * sent.length]);
    assert.deepEqual([framesSent, bytesSent], [1, 16]);
  });
});

describe('a receiver that is too slow', () => {
  test('keeps the newest frames: the oldest of the queue are dropped by name', () => {
    const { wire, connection } = join(session);
    wire.stuck = true;
    wire.bufferedBytes = 1_000;
    for (let n = 1; n <= 12; n++) lan.send(frame(broadcast, mac(2), `${n}`));
    bench.endTurn();
    assert.deepEqual(wire.frames, []);
    assert.equal(bench.hub.hub.drops.of('queue-head'), 2);
    assert.equal(session.queuedFrames, 10);
    wire.stuck = false;
    wire.bufferedBytes = 0;
    connection.drained();
    bench.endTurn();
    assert.deepEqual(wire.frames, ['3', '4', '5', '6', '7', '8', '9', '10', '11', '12']);
  });

  test('gets no more than its sockets may buffer', () => {
    const { wire } = join(session);
    wire.stuck = true;
    for (let n = 1; n <= 40; n++) {
      lan.send(frame(broadcast, mac(2), Buffer.alloc(86)));
      bench.endTurn();
    }
    assert.ok(wire.bufferedBytes < 1_000 + 500, `${wire.bufferedBytes} bytes buffered`);
    assert.ok(bench.hub.hub.drops.of('queue-head') > 0);
  });

  test('is not sent keep-alives on top of what it does not read', () => {
    const { wire } = join(session);
    wire.stuck = true;
    wire.bufferedBytes = 20_000;
    bench.time.advance(timeoutMs - 1);
    assert.equal(wire.bufferedBytes, 20_000);
  });

  test('does not hold up the others', () => {
    const other = bench.session({ name: 'SID-BOB-2' });
    const slow = join(session);
    const quick = join(other);
    slow.wire.stuck = true;
    slow.wire.bufferedBytes = 1_000;
    lan.send(frame(broadcast, mac(2), 'to all'));
    bench.endTurn();
    assert.deepEqual([slow.wire.frames, quick.wire.frames], [[], ['to all']]);
    other.close('stopping');
  });
});

describe('several connections', () => {
  test('a batch goes to the one with the least backlog', () => {
    const wires = [join(session).wire, join(session).wire, join(session).wire];
    const [first, second, third] = wires as [TestWire, TestWire, TestWire];
    [first.bufferedBytes, second.bufferedBytes, third.bufferedBytes] = [200, 50, 100];
    lan.send(frame(broadcast, mac(2), 'x'));
    bench.endTurn();
    assert.deepEqual(
      wires.map((wire) => wire.frames.length),
      [0, 1, 0],
    );
  });

  test('a quiet session stays on one connection, so that frames keep their order', () => {
    const wires = [join(session).wire, join(session).wire];
    for (let n = 0; n < 5; n++) {
      lan.send(frame(broadcast, mac(2), `${n}`));
      bench.endTurn();
    }
    assert.deepEqual(wires.map((wire) => wire.frames.length).sort(), [0, 5]);
  });

  test('what does not fit in one goes to the next', () => {
    const wires = [join(session).wire, join(session).wire];
    for (const wire of wires) wire.stuck = true;
    for (let n = 0; n < 10; n++) lan.send(frame(broadcast, mac(2), Buffer.alloc(80)));
    bench.endTurn();
    assert.ok(wires.every((wire) => wire.frames.length > 0));
  });

  for (const [count, joined] of [
    [8, 8],
    [9, 9], // one spare: the client replaces a connection before we know that it is dead
    [10, 9],
  ] as const) {
    test(`${count} connections where 8 are allowed: ${joined} join`, () => {
      const outcomes = Array.from({ length: count }, () => session.join(new TestWire()).kind);
      assert.equal(outcomes.filter((kind) => kind === 'joined').length, joined);
      assert.equal(session.connections, joined);
    });
  }

  test('a connection that ends leaves the others and its place', () => {
    const first = join(session);
    join(session);
    first.connection.closed();
    first.connection.closed();
    assert.equal(session.connections, 1);
    assert.equal(session.isClosed, false);
  });
});

describe('time', () => {
  test('a keep-alive is sent at once, then before half the timeout', () => {
    const { wire, connection } = join(session);
    assert.equal(wire.keepAlives, 1);
    for (let n = 2; n < 6; n++) {
      bench.time.advance(keepAliveMs - 1);
      assert.equal(wire.keepAlives, n - 1);
      bench.time.advance(1);
      assert.equal(wire.keepAlives, n);
      connection.received(keepAlive);
    }
  });

  test('a keep-alive is answered, if nothing was sent for a third of the timeout', () => {
    const { wire, connection } = join(session);
    bench.time.advance(Math.floor(timeoutMs / 3));
    connection.received(keepAlive);
    assert.equal(wire.keepAlives, 1);
    bench.time.advance(1);
    connection.received(keepAlive);
    connection.received(keepAlive);
    assert.equal(wire.keepAlives, 2);
    bench.time.advance(keepAliveMs - 1);
    assert.equal(wire.keepAlives, 2);
  });

  test('no keep-alive is answered where only the client may send', () => {
    session.close('stopping');
    session = bench.session({ plan: { connectionsMax: 8, halfDuplex: true, qos: false } });
    const { wire, connection } = join(session);
    bench.time.advance(timeoutMs / 2);
    connection.received(keepAlive);
    assert.equal(wire.keepAlives, 0);
  });

  test('data sent on a connection makes its next keep-alive later', () => {
    const { wire } = join(session);
    bench.time.advance(keepAliveMs - 100);
    lan.send(frame(broadcast, mac(2), 'x'));
    bench.endTurn();
    bench.time.advance(keepAliveMs - 100);
    assert.equal(wire.keepAlives, 1);
    bench.time.advance(100);
    assert.equal(wire.keepAlives, 2);
  });

  test('a connection on which nothing complete arrives is closed after the timeout', () => {
    const silent = join(session);
    const alive = join(session);
    bench.time.advance(timeoutMs / 2);
    alive.connection.received(keepAlive);
    silent.connection.received(keepAlive.subarray(0, 5));
    bench.time.advance(timeoutMs / 2 - 1);
    assert.deepEqual([silent.wire.isEnded, alive.wire.isEnded], [false, false]);
    bench.time.advance(1);
    assert.deepEqual([silent.wire.isEnded, alive.wire.isEnded], [true, false]);
  });

  test('a session whose peer fell silent ends within two timeouts', () => {
    const { wire } = join(session);
    bench.time.advance(timeoutMs);
    assert.equal(wire.isEnded, true);
    assert.deepEqual(bench.closed, []);
    bench.time.advance(timeoutMs);
    assert.deepEqual(bench.closed, ['timeout']);
  });

  test('a session without connection waits its timeout, then ends', () => {
    const { connection } = join(session);
    connection.closed();
    bench.time.advance(timeoutMs - 1);
    assert.deepEqual(bench.closed, []);
    bench.time.advance(1);
    assert.deepEqual(bench.closed, ['timeout']);
  });

  test('a session nobody ever joined ends after its timeout', () => {
    bench.time.advance(timeoutMs);
    assert.deepEqual(bench.closed, ['timeout']);
  });

  test('a connection that joins in time saves the session, and frames flow again', () => {
    join(session).connection.closed();
    lan.send(frame(broadcast, mac(2), 'nobody there'));
    assert.equal(bench.hub.hub.drops.of('no-connection'), 1);
    bench.time.advance(timeoutMs - 1);
    const { wire } = join(session);
    lan.send(frame(broadcast, mac(2), 'back'));
    bench.endTurn();
    assert.deepEqual(wire.frames, ['back']);
    bench.time.advance(timeoutMs - 1);
    assert.deepEqual(bench.closed, []);
  });
});

describe('the end', () => {
  test('ends every connection in order, leaves the hub, and is told once', () => {
    const wires = [join(session).wire, join(session).wire];
    session.close('drain');
    session.close('disconnected');
    assert.ok(wires.every((wire) => wire.isEnded));
    assert.deepEqual(bench.closed, ['drain']);
    assert.equal(session.join(new TestWire()).kind, 'session-closed');
    assert.equal(bench.hub.hub.attachments.length, 1);
  });

  test('frames in its queue are dropped by name', () => {
    const { wire } = join(session);
    wire.bufferedBytes = 1_000;
    lan.send(frame(broadcast, mac(2), 'x'));
    session.close('drain');
    bench.endTurn();
    assert.deepEqual(bench.hub.hub.drops.nonZero(), { 'session-closed': 1 });
  });

  test('bytes that arrive afterwards are nobody’s', () => {
    const { connection } = join(session);
    session.close('drain');
    connection.received(encodeBatch([frame(broadcast, mac(1), 'late')]));
    connection.drained();
    assert.deepEqual(lan.received, []);
  });
});
