import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeEcho, echoAddress, encodeEcho } from '#cdk/local/demo/echo-frame.ts';
import { EchoMeter, lostAfterMs } from '#cdk/local/demo/echo-meter.ts';

test('an echo is a whole Ethernet frame that reads as it was written', () => {
  for (const kind of ['request', 'reply'] as const) {
    const echo = { kind, to: echoAddress(1), from: echoAddress(0xffff), sequence: 0xffff_ffff };
    const frame = encodeEcho(echo);
    assert.equal(frame.length, 60);
    assert.deepEqual(decodeEcho(frame), echo);
  }
});

test('addresses are of one station each, given out locally', () => {
  for (const address of [echoAddress(0), echoAddress(7), echoAddress(0xffff)]) {
    assert.equal((address[0] ?? 0) & 0b11, 0b10);
  }
  assert.notDeepEqual(echoAddress(1), echoAddress(2));
});

test('other frames, cut and damaged ones are none of ours', () => {
  const frame = encodeEcho({
    kind: 'request',
    to: echoAddress(1),
    from: echoAddress(2),
    sequence: 9,
  });
  for (let size = 0; size < 29; size += 1)
    assert.equal(decodeEcho(frame.subarray(0, size)), undefined);
  for (let offset = 12; offset < 25; offset += 1) {
    const damaged = Buffer.from(frame);
    damaged[offset] = (damaged[offset] ?? 0) ^ 0x80;
    assert.equal(decodeEcho(damaged), undefined, String(offset));
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      assert.equal(decodeEcho(Buffer.from(bytes)), undefined);
    }),
  );
});

test('what comes back is counted once, with its round trip', () => {
  const meter = new EchoMeter();
  const first = meter.ask(1_000);
  meter.answered(first, 1_010);
  meter.answered(first, 1_011);
  meter.answered(99, 1_012);
  assert.deepEqual([meter.sent, meter.received, meter.lost, meter.roundTripMs], [1, 1, 0, 10]);
  meter.answered(meter.ask(2_000), 2_020);
  assert.equal(meter.roundTripMs, 12);
});

test('what stays away is lost once its time is over, and no answer brings it back', () => {
  const meter = new EchoMeter();
  const early = meter.ask(0);
  const late = meter.ask(500);
  meter.expire(lostAfterMs - 1);
  assert.equal(meter.lost, 0);
  meter.expire(lostAfterMs);
  assert.equal(meter.lost, 1);
  meter.answered(early, lostAfterMs + 1);
  assert.equal(meter.received, 0);
  meter.answered(late, lostAfterMs + 1);
  meter.expire(10 * lostAfterMs);
  assert.deepEqual([meter.sent, meter.received, meter.lost], [2, 1, 1]);
});
