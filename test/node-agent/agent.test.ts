import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eventually } from '#test/support/eventually.ts';
import { broadcast, frame, mac, payloadOf } from '#test/support/frames.ts';
import { TestAgent } from '#test/support/test-agent.ts';

async function withAgent(run: (member: TestAgent) => Promise<void>): Promise<void> {
  const member = await new TestAgent().start();
  try {
    await eventually(
      () => (member.plane.heartbeats.length > 0 ? undefined : 'no heartbeat'),
      5_000,
    );
    await run(member);
  } finally {
    await member.close();
  }
}

describe('a member on loopback', () => {
  test('two ticket holders exchange frames', async () => {
    await withAgent(async (member) => {
      const received: string[] = [];
      const onFrame = (arrived: Buffer): void => void received.push(payloadOf(arrived));
      const alice = await member.connect(member.plane.issue({ user: 'alice' }));
      await member.connect(member.plane.issue({ user: 'bob' }), { onFrame });
      alice.send([frame(broadcast, mac(1), 'hello all'), frame(mac(2), mac(1), 'and you')]);
      await eventually(() => (received.length === 2 ? undefined : `got ${received}`), 5_000);
      assert.deepEqual(received, ['hello all', 'and you']);
    });
  });
});
