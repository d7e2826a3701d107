import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { Session } from '#node-agent/session/session.ts';
import { encodeBatch, encodeKeepAlive } from '#node-agent/stream/frame-batch.ts';
import { broadcast, frame, mac } from '#test/support/frames.ts';
import type { Station } from '../switch/hub-bench.ts';
import { ip4Frame } from './ip4-frame.ts';
import { join, SessionBench, type TestWire } from './session-bench.ts';

const timeoutMs = 10_000;
const keepAlive = encodeKeepAlive(Buffer.from('noise'));

let bench: SessionBench;
let session: Session;
let lan: Station;

function open(plan: Partial<Session['plan']>, autoDisconnectMs = 0): void {
  session = bench.session({
    plan: { connectionsMax: 8, halfDuplex: false, qos: false, ...plan },
    autoDisconnectMs,
  });
}

beforeEach(() => {
  bench = new SessionBench();
  lan = bench.hub.plug('lan');
});
afterEach(() => {
  session.close('stopping');
  assert.equal(bench.time.waiting, 0, 'a closed session leaves no timer');
  assert.equal(bench.budget.usedBytes, 0, 'a closed session holds no bytes');
});

describe('half duplex', () => {
  beforeEach(() => open({ halfDuplex: true }));

  /** Directions as the next connections are told them. */
  function joinSome(count: number): { directions: string[]; joined: ReturnType<typeof join>[] } {
    const directions: string[] = [];
    const joined = [];
    for (let n = 0; n < count; n++) {
      directions.push(session.nextDirection);
      joined.push(join(session));
    }
    return { directions, joined };
  }

  test('directions are assigned as genuine servers assign them', () => {
    assert.deepEqual(joinSome(6).directions, [
      'client-to-server',
      'server-to-client',
      'server-to-client',
      'client-to-server',
      'server-to-client',
      'client-to-server',
    ]);
  });

  test('frames and keep-alives leave on connections towards the client only', () => {
    const { joined } = joinSome(3);
    for (let n = 0; n < 9; n++) lan.send(frame(broadcast, mac(2), `${n}`));
    bench.endTurn();
    const [first, ...others] = joined.map(({ wire }) => wire);
    assert.deepEqual([first?.frames, first?.keepAlives], [[], 0]);
    assert.equal(others.flatMap((wire) => wire.frames).length, 9);
    assert.deepEqual(
      others.map((wire) => wire.keepAlives),
      [1, 1],
    );
  });

  test('frames wait for the first connection towards the client', () => {
    join(session);
    lan.send(frame(broadcast, mac(2), 'early'));
    bench.endTurn();
    const { wire } = join(session);
    bench.endTurn();
    assert.deepEqual(wire.frames, ['early']);
  });

  test('a connection that only we send on lives while its client is heard on another', () => {
    const { joined } = joinSome(2);
    const [up, down] = joined;
    for (let n = 0; n < 6; n++) {
      bench.time.advance(timeoutMs / 2);
      up?.connection.received(keepAlive);
    }
    assert.deepEqual([up?.wire.isEnded, down?.wire.isEnded], [false, false]);
    bench.time.advance(timeoutMs);
    assert.deepEqual([up?.wire.isEnded, down?.wire.isEnded], [true, true]);
  });

  test('a client that fell silent is over within two timeouts, whatever is sent to it', () => {
    joinSome(4);
    bench.time.advance(2 * timeoutMs);
    assert.deepEqual(bench.closed, ['timeout']);
  });

  test('when the client’s own connection is lost, the next one is the client’s again', () => {
    const { joined } = joinSome(3);
    joined[0]?.connection.closed();
    assert.equal(session.nextDirection, 'client-to-server');
    bench.time.advance(timeoutMs - 1);
    const { connection } = join(session);
    connection.received(encodeBatch([frame(broadcast, mac(1), 'back')]));
    assert.deepEqual(lan.received, ['back']);
  });
});

describe('QoS', () => {
  beforeEach(() => open({ qos: true }));
  const urgent = (text: string): Buffer => ip4Frame({ tos: 0xb8, text });
  const bulk = (text: string): Buffer => ip4Frame({ text });
  const texts = (wire: TestWire): string[] =>
    wire.frames.map((it) => it.slice(20).replace(/\0+$/, ''));

  test('urgent frames go on the last connection, all others elsewhere', () => {
    const wires = [join(session).wire, join(session).wire, join(session).wire];
    for (let n = 0; n < 4; n++) {
      lan.send(bulk(`b${n}`));
      lan.send(urgent(`u${n}`));
    }
    bench.endTurn();
    const [first, second, last] = wires.map(texts);
    assert.deepEqual(last, ['u0', 'u1', 'u2', 'u3']);
    assert.deepEqual([...(first ?? []), ...(second ?? [])], ['b0', 'b1', 'b2', 'b3']);
  });

  test('with one connection urgent frames go first', () => {
    const { wire } = join(session);
    lan.send(bulk('b'));
    lan.send(urgent('u'));
    bench.endTurn();
    assert.deepEqual(texts(wire), ['u', 'b']);
  });

  test('bulk that a slow client does not take leaves the way free for urgent frames', () => {
    const slow = join(session);
    const last = join(session);
    slow.wire.stuck = true;
    slow.wire.bufferedBytes = 1_000;
    for (let n = 0; n < 30; n++) lan.send(bulk(`b${n}`));
    lan.send(urgent('u'));
    bench.endTurn();
    assert.deepEqual([texts(slow.wire), texts(last.wire)], [[], ['u']]);
  });

  test('urgent frames do not wait for a reserved connection that is stuck', () => {
    const other = join(session);
    const last = join(session);
    last.wire.stuck = true;
    last.wire.bufferedBytes = 1_000;
    lan.send(urgent('u'));
    bench.endTurn();
    assert.deepEqual([texts(other.wire), texts(last.wire)], [['u'], []]);
  });
});

describe('what waits in sockets', () => {
  beforeEach(() => open({}));

  test('counts in the budget, and no longer when it is sent', () => {
    const { wire, connection } = join(session);
    wire.stuck = true;
    lan.send(frame(broadcast, mac(2), Buffer.alloc(86)));
    bench.endTurn();
    assert.equal(bench.budget.usedBytes, wire.bufferedBytes);
    assert.ok(wire.bufferedBytes > 100);
    wire.bufferedBytes = 0;
    connection.drained();
    assert.equal(bench.budget.usedBytes, 0);
  });

  test('is nobody’s when its connection ends', () => {
    const { wire, connection } = join(session);
    join(session);
    wire.stuck = true;
    wire.bufferedBytes = 150;
    lan.send(frame(broadcast, mac(2), 'x'));
    bench.endTurn();
    assert.equal(bench.budget.usedBytes, 150);
    connection.closed();
    assert.equal(bench.budget.usedBytes, 0);
  });
});

describe('AutoDisconnect', () => {
  test('ends the session a grace after its time, busy or not', () => {
    open({}, 60_000);
    const { connection, wire } = join(session);
    for (let n = 0; n < 15; n++) {
      bench.time.advance(4_000);
      connection.received(keepAlive);
    }
    assert.deepEqual(bench.closed, []);
    bench.time.advance(999);
    assert.deepEqual(bench.closed, []);
    bench.time.advance(1);
    assert.deepEqual(bench.closed, ['auto-disconnect']);
    assert.equal(wire.isEnded, true);
  });
});
