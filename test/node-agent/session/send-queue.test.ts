import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { SendBudget } from '#node-agent/session/send-budget.ts';
import { SendQueue } from '#node-agent/session/send-queue.ts';
import { FrameDecoder } from '#node-agent/stream/frame-batch.ts';

interface Drops {
  [reason: string]: number;
}

function queue(
  framesMax: number,
  bytesMax: number,
  budgetBytes = 1_000_000,
): { queue: SendQueue; budget: SendBudget; drops: Drops } {
  const drops: Drops = {};
  const budget = new SendBudget({ bytesMax: budgetBytes, leastBytes: 10 });
  const onDrop = (reason: string, frames: number): void => {
    drops[reason] = (drops[reason] ?? 0) + frames;
  };
  return { queue: new SendQueue({ framesMax, bytesMax }, budget, onDrop), budget, drops };
}

function takeAll(from: SendQueue, bytesMax = 1_000_000): string[] {
  const frames: string[] = [];
  const decoder = new FrameDecoder({
    onFrame: (frame) => void frames.push(frame.toString()),
    onKeepAlive: () => assert.fail('a keep-alive'),
    onDrop: (reason) => assert.fail(reason),
  });
  decoder.push(from.takeBatch(bytesMax) ?? Buffer.alloc(0));
  return frames;
}

describe('a send queue', () => {
  for (const [count, left] of [
    [2, ['1', '2']],
    [3, ['1', '2', '3']],
    [4, ['2', '3', '4']],
  ] as const) {
    test(`of 3 frames, ${count} pushed: ${left.join(' ')} are left`, () => {
      const it = queue(3, 1_000);
      for (let n = 1; n <= count; n++) it.queue.push(Buffer.from(`${n}`));
      assert.equal(it.drops['queue-head'] ?? 0, count - left.length);
      assert.deepEqual(takeAll(it.queue), left);
    });
  }

  for (const [bytes, dropped] of [
    [9, 0],
    [10, 0],
    [11, 1],
  ] as const) {
    test(`of 10 bytes, ${bytes} pushed in two frames: ${dropped} dropped from the head`, () => {
      const it = queue(100, 10);
      it.queue.push(Buffer.alloc(5));
      it.queue.push(Buffer.alloc(bytes - 5));
      assert.equal(it.drops['queue-head'] ?? 0, dropped);
    });
  }

  test('a batch has at least one frame and otherwise keeps to its bytes', () => {
    const it = queue(100, 1_000);
    for (const text of ['aaaa', 'bb', 'cc', 'd']) it.queue.push(Buffer.from(text));
    assert.deepEqual(takeAll(it.queue, 1), ['aaaa']);
    assert.deepEqual(takeAll(it.queue, 4), ['bb', 'cc']);
    assert.deepEqual(takeAll(it.queue, 4), ['d']);
  });

  test('when the budget is used up it keeps the least it may, and drops its own oldest', () => {
    const it = queue(100, 1_000, 160);
    it.budget.take(160);
    for (const text of ['12345678', 'abc', 'ab']) it.queue.push(Buffer.from(text));
    assert.deepEqual(it.drops, { 'queue-budget': 1 });
    assert.deepEqual(takeAll(it.queue), ['abc', 'ab']);
    it.queue.settle();
    assert.equal(it.budget.usedBytes, 160);
  });

  test('a frame that has to wait lets go of the chunk it arrived in', () => {
    const it = queue(100, 100_000);
    const chunk = Buffer.alloc(65_536, 'x');
    it.queue.push(chunk.subarray(0, 60));
    it.queue.settle();
    chunk.fill('y');
    assert.deepEqual(takeAll(it.queue), ['x'.repeat(60)]);
  });

  test('does what an array with a limit does, and gives its budget back', () => {
    const action = fc.oneof(
      { weight: 5, arbitrary: fc.record({ push: fc.integer({ min: 1, max: 30 }) }) },
      { weight: 1, arbitrary: fc.record({ take: fc.integer({ min: 1, max: 60 }) }) },
      { weight: 1, arbitrary: fc.constant({ settle: true }) },
      { weight: 1, arbitrary: fc.constant({ clear: true }) },
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 200 }), (actions) => {
        const it = queue(8, 100);
        let model: string[] = [];
        const modelBytes = (): number => model.reduce((sum, text) => sum + text.length, 0);
        for (const [n, act] of actions.entries()) {
          if ('push' in act) {
            const text = String.fromCharCode(97 + (n % 26)).repeat(act.push);
            model.push(text);
            while (model.length > 8 || modelBytes() > 100) model.shift();
            it.queue.push(Buffer.from(text));
          } else if ('take' in act) {
            const expected: string[] = [];
            let bytes = 0;
            while (model.length > 0) {
              bytes += model[0]?.length ?? 0;
              if (expected.length > 0 && bytes > act.take) break;
              expected.push(model.shift() ?? '');
            }
            assert.deepEqual(takeAll(it.queue, act.take), expected);
          } else if ('clear' in act) {
            it.queue.clear('session-closed');
            model = [];
          } else {
            it.queue.settle();
          }
          assert.equal(it.queue.frames, model.length);
          assert.equal(it.queue.bytes, modelBytes());
          if ('settle' in act || 'clear' in act) {
            assert.equal(it.budget.usedBytes, modelBytes());
          }
        }
        assert.deepEqual(takeAll(it.queue), model);
      }),
    );
  });
});
