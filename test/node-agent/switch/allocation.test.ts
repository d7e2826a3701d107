import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { HubInstance } from '#node-agent/switch/hub-instance.ts';
import { frame, mac } from '#test/support/frames.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

test('a known unicast frame is forwarded without allocating', () => {
  let delivered = 0;
  const port = {
    deliver: (): void => {
      delivered += 1;
    },
  };
  const clock = { nowMs: () => 0, monotonicMs: () => 0 };
  const hub = new HubInstance({ name: 'HUB', clock, mayForward: () => true, seed: 1 });
  const a = hub.attach(port, { name: 'a', macsMax: 3, ip4Max: 4 });
  const b = hub.attach(port, { name: 'b', macsMax: 3, ip4Max: 4 });
  const [there, back] = [frame(mac(2), mac(1)), frame(mac(1), mac(2))];
  const exchange = (times: number): void => {
    for (let i = 0; i < times; i++) {
      hub.beginBatch();
      hub.forward(there, a);
      hub.forward(back, b);
    }
  };
  exchange(200_000); // let the compiler settle
  const frames = 50_000; // so few that no collection hides what they would have left behind
  const before = delivered;
  collectGarbage();
  const usedBefore = process.memoryUsage().heapUsed;
  exchange(frames / 2);
  const bytesPerFrame = (process.memoryUsage().heapUsed - usedBefore) / frames;
  assert.equal(delivered - before, frames);
  // The smallest object takes 16 bytes; what is below is the runtime's own, over all the frames.
  assert.ok(bytesPerFrame < 8, `${bytesPerFrame} bytes per frame`);
});
