import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { SendBudget } from '#node-agent/session/send-budget.ts';
import { SendQueue } from '#node-agent/session/send-queue.ts';

const leastBytes = 2_000;
const frameBytes = 1_000;

function queueOn(budget: SendBudget): SendQueue {
  return new SendQueue({ framesMax: 10_000, bytesMax: 1_000_000 }, budget, () => undefined);
}

describe('what may wait for slow receivers', () => {
  test('however many read nothing, together they stay within the budget and the least', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 0, max: 200_000 }),
        (n, max) => {
          const budget = new SendBudget({ bytesMax: max, leastBytes });
          const queues = Array.from({ length: n }, () => queueOn(budget));
          for (let round = 0; round < 100; round++) {
            for (const queue of queues) queue.push(Buffer.alloc(frameBytes));
            for (const queue of queues) queue.settle();
          }
          const held = queues.reduce((sum, queue) => sum + queue.bytes, 0);
          assert.equal(budget.usedBytes, held);
          assert.ok(held <= max + n * leastBytes, `${held} of ${max}, ${n} queues`);
        },
      ),
      { numRuns: 50 },
    );
  });

  test('who reads loses nothing to a hundred who do not', () => {
    const budget = new SendBudget({ bytesMax: 200_000, leastBytes });
    const stuck = Array.from({ length: 100 }, () => queueOn(budget));
    for (let round = 0; round < 100; round++) {
      for (const queue of stuck) queue.push(Buffer.alloc(frameBytes));
      for (const queue of stuck) queue.settle();
    }
    const drops: string[] = [];
    const limits = { framesMax: 100, bytesMax: 100_000 };
    const reader = new SendQueue(limits, budget, (reason) => drops.push(reason));
    for (let turn = 0; turn < 50; turn++) {
      for (const queue of stuck) queue.push(Buffer.alloc(frameBytes));
      reader.push(Buffer.alloc(frameBytes));
      reader.push(Buffer.alloc(frameBytes));
      reader.takeBatch(100_000);
      for (const queue of [...stuck, reader]) queue.settle();
    }
    assert.deepEqual(drops, []);
  });

  test('a hub that is full leaves the others of its member what the member has', () => {
    const member = new SendBudget({ bytesMax: 1_000_000, leastBytes });
    const full = new SendBudget({ bytesMax: 100_000, leastBytes }, member);
    const other = new SendBudget({ bytesMax: 100_000, leastBytes }, member);
    full.take(150_000);
    assert.equal(full.allowanceBytes, leastBytes);
    assert.equal(other.allowanceBytes, 100_000 / 16);
    assert.equal(member.usedBytes, 150_000);
    full.give(150_000);
    assert.equal(member.usedBytes, 0);
  });

  test('a member that is full holds every hub to the least', () => {
    const member = new SendBudget({ bytesMax: 100_000, leastBytes });
    const hub = new SendBudget({ bytesMax: 100_000, leastBytes }, member);
    member.take(100_000);
    assert.equal(hub.allowanceBytes, leastBytes);
  });
});
