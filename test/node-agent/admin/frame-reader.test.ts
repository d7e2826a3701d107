import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeFrame, FrameReader } from '#node-agent/admin/frame-reader.ts';
import { WireError } from '#shared/wire/wire-error.ts';
import { capture } from '#test/support/captures.ts';

const max = 64;

test('a frame comes whole out of any two parts, and is the next one’s beginning', () => {
  const frame = capture('10-admin-c-rpc-getcaps');
  for (let at = 0; at <= frame.length; at += 1) {
    const reader = new FrameReader(max);
    for (const round of [1, 2]) {
      const first = reader.push(frame.subarray(0, at));
      const pack = first ?? reader.push(frame.subarray(at));
      assert.deepEqual(pack, frame.subarray(4), `split at ${at}, round ${round}`);
      assert.equal(reader.isWithin, false);
    }
  }
});

test('byte by byte', () => {
  const reader = new FrameReader(max);
  const frame = encodeFrame(Buffer.alloc(max, 7));
  const pushed = [...frame].map((byte) => reader.push(Buffer.from([byte])));
  assert.deepEqual(pushed.at(-1), Buffer.alloc(max, 7));
  assert.equal(pushed.filter((one) => one !== undefined).length, 1);
});

test('one that is empty or too long is refused at its length', () => {
  for (const length of [0, max + 1, 0xffff_ffff]) {
    const head = Buffer.alloc(4);
    head.writeUInt32BE(length);
    assert.throws(() => new FrameReader(max).push(head), WireError, String(length));
  }
});

test('what comes behind the end of a frame is refused', () => {
  const frame = encodeFrame(Buffer.alloc(3));
  const more = Buffer.concat([frame, Buffer.alloc(1)]);
  assert.throws(() => new FrameReader(max).push(more), WireError);
});
