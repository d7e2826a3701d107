import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  decodeWitnessMessage,
  encodeWitnessMessage,
  type WitnessMessage,
  witnessMessageBytesMax,
} from '#node-agent/control/witness-message.ts';

const key = Buffer.alloc(32, 1);
const question: WitnessMessage = {
  kind: 'question',
  keyOf: 'answerer',
  nonce: Buffer.alloc(16, 9),
  renewedAgoMs: 1_234,
  from: 'i-1',
  to: 'i-2',
};

function read(bytes: Buffer): WitnessMessage | undefined {
  const decoded = decodeWitnessMessage(bytes);
  if (decoded === undefined) return undefined;
  const { isUnder, ...message } = decoded;
  return isUnder(key) ? { ...message, nonce: Buffer.from(message.nonce) } : undefined;
}

describe('a witness message', () => {
  test('says what was said', () => {
    assert.deepEqual(read(encodeWitnessMessage(question, key)), question);
    const answer: WitnessMessage = { ...question, kind: 'answer', keyOf: 'asker' };
    assert.deepEqual(read(encodeWitnessMessage(answer, key)), answer);
  });

  test('of any ids and ages survives the way', () => {
    const id = fc.string({ unit: fc.constantFrom(...'abc-0'), minLength: 0, maxLength: 64 });
    const age = fc.oneof(fc.nat(), fc.constant(Number.POSITIVE_INFINITY));
    fc.assert(
      fc.property(id, id, age, (from, to, renewedAgoMs) => {
        const bytes = encodeWitnessMessage({ ...question, from, to, renewedAgoMs }, key);
        assert(bytes.length <= witnessMessageBytesMax);
        const said = read(bytes);
        assert.deepEqual([said?.from, said?.to], [from, to]);
        assert.equal(said?.renewedAgoMs, Math.min(renewedAgoMs, 0xffff_ffff));
      }),
    );
  });

  test('a changed bit, a missing or an additional byte: not under the key', () => {
    const bytes = encodeWitnessMessage(question, key);
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      assert.equal(read(changed), undefined, `byte ${at}`);
      assert.equal(read(bytes.subarray(0, at)), undefined, `cut at ${at}`);
    }
    assert.equal(read(Buffer.concat([bytes, Buffer.alloc(1)])), undefined);
  });

  test('garbage of any length is nothing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (garbage) => {
        assert.equal(read(Buffer.from(garbage)), undefined);
        assert.equal(read(Buffer.concat([Buffer.from('EFW1'), garbage])), undefined);
      }),
    );
  });
});
