import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Gathering } from '#node-agent/session/gathering.ts';
import { SendBudget } from '#node-agent/session/send-budget.ts';
import { SendQueue } from '#node-agent/session/send-queue.ts';
import { encodeBatch, FrameDecoder } from '#node-agent/stream/frame-batch.ts';

const limits = { framesMax: 1_000, bytesMax: 1_000_000 };

function queueOn(gathering: Gathering): SendQueue {
  const budget = new SendBudget({ bytesMax: 10_000_000, leastBytes: 10_000_000 });
  return new SendQueue(limits, budget, (reason) => assert.fail(reason), gathering);
}

function decoded(batch: Buffer | undefined): string[] {
  const frames: string[] = [];
  new FrameDecoder({
    onFrame: (frame) => void frames.push(frame.toString('latin1')),
    onKeepAlive: () => assert.fail('a keep-alive'),
    onDrop: (reason) => assert.fail(reason),
  }).push(batch ?? Buffer.alloc(0));
  return frames;
}

describe('gathering', () => {
  test('frames keep their bytes though the memory they arrived in is overwritten', () => {
    const frame = fc.integer({ min: 1, max: 40 });
    const chunk = fc.array(fc.record({ bytes: frame, to: fc.nat(2) }), { minLength: 1 });
    fc.assert(
      fc.property(fc.array(chunk, { maxLength: 8 }), (chunks) => {
        const gathering = new Gathering();
        const queues = [queueOn(gathering), queueOn(gathering), queueOn(gathering)];
        const expected: string[][] = [[], [], []];
        const memory = Buffer.alloc(65_536);
        let letter = 0;
        for (const frames of chunks) {
          const blocks = frames.map(({ bytes }) => Buffer.alloc(bytes, 97 + (letter++ % 26)));
          const arrived = encodeBatch(blocks);
          arrived.copy(memory);
          let next = 0;
          const sink = {
            onFrame: (bytes: Buffer) => {
              const to = frames[next++]?.to ?? 0;
              queues[to]?.push(bytes);
              expected[to]?.push(bytes.toString('latin1'));
            },
            onKeepAlive: () => undefined,
            onDrop: () => undefined,
          };
          new FrameDecoder(sink).push(memory.subarray(0, arrived.length));
          gathering.settle();
          memory.fill(0);
        }
        assert.deepEqual(
          queues.map((queue) => decoded(queue.takeBatch(1_000_000))),
          expected,
        );
      }),
    );
  });

  test('neighbours in memory with something else between them are not taken as one', () => {
    const queue = queueOn(new Gathering());
    const memory = Buffer.from('one....two');
    queue.push(memory.subarray(0, 3));
    queue.push(memory.subarray(7, 10));
    assert.deepEqual(decoded(queue.takeBatch(100)), ['one', 'two']);
  });

  test('a buffer is used again, whichever part is given back, and never twice at a time', () => {
    const gathering = new Gathering();
    const first = gathering.take(5_000);
    gathering.give(first.subarray(100, 200));
    assert.equal(gathering.keptBytes, 8_192);
    const again = gathering.take(8_192);
    assert.equal(again.buffer, first.buffer);
    assert.notEqual(gathering.take(8_192).buffer, first.buffer);
    assert.equal(gathering.keptBytes, 0);
  });

  test('what it keeps is bounded, and what is very large is not kept', () => {
    const gathering = new Gathering();
    const buffers = Array.from({ length: 100 }, () => gathering.take(262_144));
    for (const buffer of buffers) gathering.give(buffer);
    assert.equal(gathering.keptBytes, 16 * 1024 * 1024);
    gathering.give(gathering.take(5_000_000));
    assert.equal(gathering.keptBytes, 16 * 1024 * 1024);
  });

  test('a part of a queue is taken, the rest stays, and a slow queue gives memory back', () => {
    const gathering = new Gathering();
    const drops: string[] = [];
    const budget = new SendBudget({ bytesMax: 1_000_000, leastBytes: 1_000_000 });
    const queue = new SendQueue({ framesMax: 8, bytesMax: 100_000 }, budget, (r) => drops.push(r));
    for (let n = 0; n < 50; n++) queue.push(Buffer.alloc(1_000, 97 + (n % 26)));
    assert.equal(drops.length, 42);
    const first = decoded(queue.takeBatch(3_500));
    assert.equal(first.length, 3);
    assert.equal(decoded(queue.takeBatch(100_000)).length, 5);
    assert.equal(queue.takeBatch(100_000), undefined);
    assert.equal(gathering.keptBytes, 0);
  });
});
