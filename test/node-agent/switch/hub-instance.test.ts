import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { DropReason } from '#node-agent/switch/drop-reason.ts';
import { switchLimits } from '#node-agent/switch/hub-instance.ts';
import { defaultPolicy } from '#shared/wire/policy.ts';
import { broadcast, frame, mac } from '#test/support/frames.ts';
import { HubBench, type Station } from './hub-bench.ts';

let bench: HubBench;
let a: Station;
let b: Station;
let c: Station;

beforeEach(() => {
  bench = new HubBench();
  [a, b, c] = [bench.plug('a'), bench.plug('b'), bench.plug('c')];
});
afterEach(() => {
  assert.deepEqual(bench.hub.consistencyCheck(), []);
});

describe('where frames go', () => {
  test('a broadcast reaches everybody but its sender', () => {
    a.send(frame(broadcast, mac(1), 'hi'));
    assert.deepEqual([a.received, b.received, c.received], [[], ['hi'], ['hi']]);
  });

  test('a multicast is flooded even if somebody had used the address', () => {
    a.send(frame(Buffer.from('01005e000001', 'hex'), mac(1), 'group'));
    assert.deepEqual([b.received, c.received], [['group'], ['group']]);
  });

  test('an unknown destination is flooded, a learned one is not', () => {
    a.send(frame(mac(2), mac(1), 'where are you?'));
    b.send(frame(mac(1), mac(2), 'here'));
    a.send(frame(mac(2), mac(1), 'found'));
    assert.deepEqual(a.received, ['here']);
    assert.deepEqual(b.received, ['where are you?', 'found']);
    assert.deepEqual(c.received, ['where are you?']);
  });

  test('a station that moved is found where it spoke last', () => {
    a.send(frame(broadcast, mac(1), 'from a'));
    b.send(frame(broadcast, mac(1), 'from b'));
    c.send(frame(mac(1), mac(3), 'to the mover'));
    assert.deepEqual(b.received, ['from a', 'to the mover']);
    assert.deepEqual(a.received, ['from b']);
  });

  test('a monitor hears everything and is no flooding target', () => {
    const monitor = bench.plug('monitor', { monitor: true });
    a.send(frame(broadcast, mac(1), 'flooded'));
    b.send(frame(mac(1), mac(2), 'unicast'));
    monitor.send(frame(broadcast, mac(9), 'not allowed'));
    assert.deepEqual(monitor.received, ['flooded', 'unicast']);
    assert.equal(bench.hub.drops.of('from-monitor'), 1);
    assert.deepEqual(c.received, ['flooded']);
  });

  test('what left is forgotten: its addresses are flooded again', () => {
    a.send(frame(broadcast, mac(1), 'x'));
    bench.hub.detach(a.attachment);
    bench.hub.detach(a.attachment);
    b.send(frame(mac(1), mac(2), 'anyone?'));
    assert.deepEqual(c.received, ['x', 'anyone?']);
    assert.equal(a.received.length, 0);
    assert.equal(bench.hub.macEntries, 1);
  });
});

describe('what is dropped has a name', () => {
  const drops: readonly (readonly [DropReason, Buffer])[] = [
    ['frame-too-short', frame(mac(2), mac(1), '').subarray(0, 13)],
    ['source-zero', frame(mac(2), Buffer.alloc(6))],
    ['source-group', frame(mac(2), broadcast)],
    ['source-group', frame(mac(2), Buffer.from('010000000001', 'hex'))],
    ['source-is-destination', frame(mac(1), mac(1))],
  ];
  test('a source that is zero in part, or in part the destination, is a station', () => {
    const sources = ['020000000000', '000000000001', '020000000002', '0600000000ff'];
    for (const source of sources) {
      a.send(frame(Buffer.from('0600000000fe', 'hex'), Buffer.from(source, 'hex'), source));
      a.send(frame(Buffer.from('0200000000ff', 'hex'), Buffer.from(source, 'hex'), source));
    }
    assert.equal(b.received.length, 2 * sources.length);
  });

  for (const [reason, bad] of drops) {
    test(`${reason}: ${bad.toString('hex', 0, 12)}`, () => {
      a.send(bad);
      assert.deepEqual(bench.hub.drops.nonZero(), { [reason]: 1 });
      assert.deepEqual([b.received, c.received], [[], []]);
      assert.equal(bench.hub.macEntries, 0);
    });
  }

  test('14 bytes are a frame', () => {
    a.send(frame(broadcast, mac(1), ''));
    assert.equal(b.received.length, 1);
  });

  test('same-port: the destination is on the sender’s own side', () => {
    a.send(frame(broadcast, mac(1), 'x'));
    a.send(frame(mac(1), mac(5), 'local'));
    assert.deepEqual(bench.hub.drops.nonZero(), { 'same-port': 1 });
    assert.deepEqual(b.received, ['x']);
  });

  test('fenced: nothing passes, and nothing is learned, until the lease is held again', () => {
    bench.held = false;
    a.send(frame(broadcast, mac(1), 'silent'));
    assert.deepEqual(bench.hub.drops.nonZero(), { fenced: 1 });
    bench.held = true;
    a.send(frame(broadcast, mac(1), 'heard'));
    assert.deepEqual(b.received, ['heard']);
  });

  test('fenced: the gate is asked once per batch, not once per frame', () => {
    bench.hub.beginBatch();
    bench.held = false;
    bench.hub.forward(frame(broadcast, mac(1), 'same batch'), a.attachment);
    assert.deepEqual(b.received, ['same batch']);
    bench.hub.beginBatch();
    bench.hub.forward(frame(broadcast, mac(1), 'next batch'), a.attachment);
    assert.deepEqual(b.received, ['same batch']);
  });

  test('hub-closed: a closed instance forwards nothing and takes nobody', () => {
    bench.hub.close();
    a.send(frame(broadcast, mac(1), 'x'));
    assert.deepEqual(bench.hub.drops.nonZero(), { 'hub-closed': 1 });
    assert.throws(() => bench.plug('late'), /closed/);
  });

  test('a detached sender is not heard', () => {
    bench.hub.detach(a.attachment);
    a.send(frame(broadcast, mac(1), 'x'));
    assert.deepEqual(b.received, []);
  });
});

describe('hubs are isolated (I13)', () => {
  test('an attachment of another hub instance is our bug, never a frame', () => {
    const other = new HubBench();
    assert.throws(() => other.hub.forward(frame(broadcast, mac(1)), a.attachment), /I13/);
    assert.throws(() => other.hub.detach(a.attachment), /one hub instance/);
  });

  test('the same addresses in two hubs are strangers', () => {
    const other = new HubBench();
    const x = other.plug('x');
    const y = other.plug('y');
    y.send(frame(broadcast, mac(2), 'y here'));
    a.send(frame(mac(2), mac(1), 'to 2'));
    assert.deepEqual(x.received, ['y here']);
    assert.deepEqual(y.received, []);
    assert.deepEqual([b.received, c.received], [['to 2'], ['to 2']]);
  });
});

const plainClient = { ...defaultPolicy, noBridge: true, noRouting: true };

describe('the limits of a plain client', () => {
  for (const [count, expected] of [
    [2, 2],
    [3, 3],
    [4, 3],
  ] as const) {
    test(`${count} MAC addresses behind a limit of 3: ${expected} are heard`, () => {
      const limited = bench.plug('limited', { policy: plainClient });
      for (let n = 1; n <= count; n++) limited.send(frame(broadcast, mac(n), `${n}`));
      assert.equal(a.received.length, expected);
      assert.equal(bench.hub.drops.of('mac-limit'), count - expected);
    });
  }

  test('an address that aged makes room for another', () => {
    const limited = bench.plug('limited', { policy: plainClient });
    for (const n of [1, 2, 3]) limited.send(frame(broadcast, mac(n), 'first'));
    bench.time.advance(switchLimits.macAgeMs - 1);
    limited.send(frame(broadcast, mac(4), 'too early'));
    bench.time.advance(switchLimits.purgeEveryMs);
    limited.send(frame(broadcast, mac(4), 'second'));
    assert.deepEqual(a.received, ['first', 'first', 'first', 'second']);
  });

  test('a limited client cannot take over an address beyond its limit', () => {
    const limited = bench.plug('limited', { policy: plainClient });
    a.send(frame(broadcast, mac(1), 'mine'));
    for (const n of [2, 3, 4]) limited.send(frame(broadcast, mac(n), `${n}`));
    limited.send(frame(broadcast, mac(1), 'theft'));
    b.send(frame(mac(1), mac(5), 'to 1'));
    assert.deepEqual(a.received, ['2', '3', '4', 'to 1']);
  });
});

describe('the MAC table', () => {
  const macEntriesMax = 100;
  for (const [count, dropped] of [
    [99, 0],
    [100, 0],
    [101, 1],
  ] as const) {
    test(`${count} addresses in a table of ${macEntriesMax}: ${dropped} dropped`, () => {
      bench = new HubBench({ macEntriesMax });
      const bridge = bench.plug('bridge');
      for (let n = 1; n <= count; n++) bridge.send(frame(broadcast, mac(n)));
      assert.equal(bench.hub.drops.of('mac-table-full'), dropped);
      assert.equal(bench.hub.macEntries, count - dropped);
    });
  }

  test('addresses that aged are flooded, and forgotten when a new one is learned', () => {
    a.send(frame(broadcast, mac(1), 'x'));
    bench.time.advance(switchLimits.macAgeMs);
    a.send(frame(broadcast, mac(9), 'y'));
    assert.equal(bench.hub.macEntries, 1);
    b.send(frame(mac(1), mac(2), 'anyone?'));
    assert.deepEqual(c.received, ['x', 'y', 'anyone?']);
  });

  test('an address that is used does not age', () => {
    a.send(frame(broadcast, mac(1), 'x'));
    for (let i = 0; i < 3; i++) {
      bench.time.advance(switchLimits.macAgeMs / 2);
      a.send(frame(broadcast, mac(1), 'x'));
    }
    b.send(frame(mac(1), mac(2), 'to you'));
    assert.deepEqual(a.received, ['to you']);
  });

  test('a flood of new addresses costs at most one purge a second', () => {
    bench = new HubBench({ macEntriesMax: 10 });
    const bridge = bench.plug('bridge');
    for (let n = 1; n <= 10; n++) bridge.send(frame(broadcast, mac(n)));
    bench.time.advance(switchLimits.macAgeMs);
    bridge.send(frame(broadcast, mac(100)));
    assert.equal(bench.hub.macEntries, 1);
  });
});
