import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arrivalLimitMs } from '#functions/domain/arrival.ts';
import { onMessage } from '#functions/lifecycle/lifecycle.ts';
import { lifecycleMessage } from '#functions/lifecycle/message.ts';
import type { LifecycleAction } from '#functions/store/machine-group.ts';
import { ControlPlane } from '../control-plane.ts';
import { ManualQueue } from '../doubles.ts';
import { TestMember } from '../test-member.ts';

/** As EC2 Auto Scaling sends it, reduced to what varies. */
function launched(destination = 'AutoScalingGroup'): string {
  return JSON.stringify({
    version: '0',
    'detail-type': 'EC2 Instance-launch Lifecycle Action',
    source: 'aws.autoscaling',
    detail: {
      LifecycleActionToken: 'token-1',
      AutoScalingGroupName: 'Group',
      LifecycleHookName: 'Arriving',
      EC2InstanceId: 'i-a',
      LifecycleTransition: 'autoscaling:EC2_INSTANCE_LAUNCHING',
      Origin: 'EC2',
      Destination: destination,
    },
  });
}

class Stage {
  readonly plane = new ControlPlane();
  readonly queue = new ManualQueue();
  readonly completed: [LifecycleAction['machineId'], string][] = [];

  async tell(body: string): Promise<void> {
    const { clock, log, stores } = this.plane;
    const group = {
      complete: async (action: LifecycleAction, result = 'CONTINUE') => {
        this.completed.push([action.machineId, result]);
        return 'completed' as const;
      },
      extend: async () => 'over' as const,
      reportUnhealthy: async () => 'unknown' as const,
    };
    const lifecycle = { stores, group, queue: this.queue, clock, log };
    await onMessage(lifecycle, lifecycleMessage.decode(body));
  }

  /** Time passes, with a look each five seconds. */
  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms && this.queue.sent.length > 0; passed += 5_000) {
      this.plane.clock.advance(5_000);
      for (const { body } of this.queue.take()) await this.tell(body);
    }
  }
}

test('a machine is counted in when its member is active, not when it runs', async () => {
  const stage = new Stage();
  await stage.tell(launched());
  await stage.pass(30_000);
  assert.deepEqual(stage.completed, []);
  const member = new TestMember(stage.plane, 'i-a', {});
  await member.join();
  await stage.pass(10_000);
  assert.deepEqual(stage.completed, [], 'it may not be given clients yet');
  await member.beat();
  await stage.pass(5_000);
  assert.deepEqual(stage.completed, [['i-a', 'CONTINUE']]);
  assert.deepEqual(stage.queue.sent, []);
});

test('a machine whose member never joins makes way for another', async () => {
  const stage = new Stage();
  await stage.tell(launched());
  await stage.pass(arrivalLimitMs - 5_000);
  assert.deepEqual(stage.completed, []);
  await stage.pass(5_000);
  assert.deepEqual(stage.completed, [['i-a', 'ABANDON']]);
  assert.equal(stage.plane.log.of('machine.abandoned').length, 1);
});

test('a machine of two is counted in when both are active', async () => {
  const stage = new Stage();
  await stage.tell(launched());
  const members = ['i-a', 'i-a.1'].map((id) => new TestMember(stage.plane, id, { processes: 2 }));
  for (const member of members) {
    assert.deepEqual(stage.completed, []);
    await member.join();
    await stage.pass(10_000);
    await member.beat();
    await stage.pass(10_000);
  }
  assert.deepEqual(stage.completed, [['i-a', 'CONTINUE']]);
});

test('one of two never comes: the machine is counted in as it is, and that is said', async () => {
  const stage = new Stage();
  await stage.tell(launched());
  const second = new TestMember(stage.plane, 'i-a.1', { processes: 2 });
  await second.join();
  await second.beat();
  await stage.pass(arrivalLimitMs - 5_000);
  assert.deepEqual(stage.completed, []);
  await stage.pass(5_000);
  assert.deepEqual(stage.completed, [['i-a', 'CONTINUE']], 'clients may be on it');
  assert.equal(stage.plane.log.of('machine.incomplete')[0]?.['missing'], 1);
});

test('a machine that is only prepared for the warm pool is left to the group', async () => {
  const stage = new Stage();
  await stage.tell(launched('WarmPool'));
  assert.deepEqual(stage.queue.sent, []);
  assert.deepEqual(stage.completed, []);
});
