import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextRefreshStep } from '#cdk/local/ec2/instance-refresh.ts';
import { eventually } from '#test/support/eventually.ts';
import { detailsOf, goOn, startGroup } from './group.ts';

const launching = {
  name: 'Arriving',
  transition: 'autoscaling:EC2_INSTANCE_LAUNCHING',
  heartbeatMs: 60_000,
  defaultResult: 'ABANDON',
} as const;
const launchType = 'EC2 Instance-launch Lifecycle Action';
const launchedType = 'EC2 Instance Launch Successful';
const leavingType = 'EC2 Instance-terminate Lifecycle Action';
const statesOf = (group: Awaited<ReturnType<typeof startGroup>>['group']): string[] =>
  group.describe().instances.map(({ state }) => state);

test('more: they run at the next free ports; fewer: the oldest leave', async (context) => {
  const { group, published } = await startGroup(context, 50);
  const [oldest] = group.instances;
  assert.equal(group.setDesired(4), undefined);
  await eventually(() => (group.instances.length === 4 ? undefined : 'not launched'), 5_000);
  assert.deepEqual(
    group.instances.map(({ endpoints }) => endpoints[0]?.port),
    [10_443, 10_444, 10_445, 10_446],
  );
  assert.match(group.setDesired(5) ?? '', /not between 1 and 4/);
  assert.equal(group.setDesired(3), undefined);
  const [detail, second] = detailsOf(published, leavingType);
  assert.deepEqual([detail?.['EC2InstanceId'], second], [oldest?.id, undefined]);
  goOn(group, detail);
  await eventually(() => (group.instances.length === 3 ? undefined : 'still there'), 10_000);
});

test('a launched machine waits in its hook; abandoned, it makes room', async (context) => {
  const { group, published } = await startGroup(context, 50, 60_000, { launching });
  assert.deepEqual(statesOf(group), ['Pending:Wait', 'Pending:Wait']);
  assert.deepEqual(detailsOf(published, launchedType), []);
  const [first, second] = detailsOf(published, launchType);
  goOn(group, first);
  assert.deepEqual(statesOf(group).sort(), ['InService', 'Pending:Wait']);
  assert.equal(detailsOf(published, launchedType)[0]?.['EC2InstanceId'], first?.['EC2InstanceId']);
  const abandoned = String(second?.['EC2InstanceId']);
  const token = String(second?.['LifecycleActionToken']);
  assert.equal(group.complete(abandoned, 'Hook', token, 'ABANDON'), false, 'it is another hook');
  assert.equal(group.complete(abandoned, 'Arriving', token, 'ABANDON'), true);
  await eventually(() => {
    const third = detailsOf(published, launchType)[2];
    return third === undefined ? 'no other is launched' : undefined;
  }, 10_000);
  assert.equal(
    group.instances.some(({ id }) => id === abandoned),
    false,
  );
});

test('nobody speaks for a launched machine: the default result decides', async (context) => {
  const soon = { ...launching, heartbeatMs: 300 };
  const { group, published } = await startGroup(context, 50, 60_000, { launching: soon });
  const before = group.instances.map(({ id }) => id);
  await eventually(() => {
    const kept = group.instances.filter(({ id }) => before.includes(id)).length;
    return kept === 0 && group.instances.length === 2 ? undefined : 'not replaced';
  }, 10_000);
  assert.deepEqual(detailsOf(published, leavingType), [], 'it never was in service');
});

test('a policy adds a machine, but not again within its cooldown', async (context) => {
  const simplePolicies = [{ name: 'Wake', adjustment: 1, cooldownMs: 60_000 }];
  const { group } = await startGroup(context, 50, 60_000, { simplePolicies });
  assert.equal(group.executePolicy('Other', true), 'unknown');
  assert.equal(group.executePolicy('Wake', true), 'done');
  assert.equal(group.executePolicy('Wake', true), 'cooling');
  assert.equal(group.describe().desired, 3);
});

test('an instance refresh launches before it terminates, until all are new', async (context) => {
  const { group, published } = await startGroup(context, 50, 60_000, { launching });
  for (const detail of detailsOf(published, launchType)) goOn(group, detail);
  const before = new Set(group.instances.map(({ id }) => id));
  const id = group.startRefresh({ minHealthyPercentage: 100, maxHealthyPercentage: 150 });
  assert.ok(id);
  assert.equal(
    group.startRefresh({ minHealthyPercentage: 0, maxHealthyPercentage: 100 }),
    undefined,
  );
  let fewest = 2;
  const done = new Set<unknown>();
  await eventually(() => {
    fewest = Math.min(fewest, statesOf(group).filter((state) => state === 'InService').length);
    for (const detail of [
      ...detailsOf(published, launchType),
      ...detailsOf(published, leavingType),
    ]) {
      const token = detail['LifecycleActionToken'];
      if (!done.has(token) && goOn(group, detail)) done.add(token);
    }
    return group.refreshes[0]?.status === 'Successful' ? undefined : statesOf(group).join();
  }, 20_000);
  assert.equal(fewest, 2, 'as many as wanted were in service at any time');
  assert.equal(group.instances.filter(({ id: one }) => before.has(one)).length, 0);
  assert.equal(group.instances.filter(({ running }) => running).length, 2);
});

test('any instance refresh keeps its minimum and its maximum, and comes to an end', () => {
  for (const desired of [1, 2, 3, 5, 10]) {
    for (const [min, max] of [
      [90, 100],
      [100, 100],
      [100, 110],
      [50, 100],
      [0, 100],
      [100, 200],
    ]) {
      const preferences = { minHealthyPercentage: min ?? 0, maxHealthyPercentage: max ?? 100 };
      const view = {
        desired,
        newHealthy: 0,
        newPending: 0,
        oldUnhealthy: 0,
        leaving: 0,
        succeeded: 0,
      };
      let state = { ...view, oldHealthy: desired };
      const least = Math.min(
        Math.ceil((desired * (min ?? 0)) / 100),
        desired - ((max ?? 0) > 100 ? 0 : 1),
      );
      const most = Math.max(
        desired,
        Math.floor((desired * (max ?? 100)) / 100),
        desired + ((max ?? 0) > 100 ? 1 : 0),
      );
      let rounds = 0;
      for (; rounds < 100; rounds += 1) {
        const step = nextRefreshStep(state, preferences);
        if (step.kind === 'done') break;
        if (step.kind === 'go') {
          const leaving = max === 100 ? step.terminate : 0;
          state = {
            ...state,
            oldHealthy: state.oldHealthy - step.terminate,
            leaving: state.leaving + leaving,
            newPending: state.newPending + step.launch,
          };
        } else {
          // What leaves is gone, what was launched is in service, what is missing is launched.
          const newHealthy = state.newHealthy + state.newPending;
          state = { ...state, newHealthy, newPending: state.leaving, leaving: 0 };
        }
        const { oldHealthy, newHealthy, newPending, leaving } = state;
        const told = `${desired} ${min}-${max}: ${JSON.stringify(state)}`;
        assert(oldHealthy + newHealthy >= least, told);
        assert(oldHealthy + newHealthy + newPending + leaving <= most, told);
      }
      assert(rounds < 100, `${desired} ${min}-${max} does not end`);
      assert.equal(state.newHealthy, desired);
    }
  }
});

test('without hooks a machine is in service at once, and goes at once', async (context) => {
  const { group, published } = await startGroup(context, 50, 60_000, {
    terminating: undefined,
  });
  assert.deepEqual(statesOf(group), ['InService', 'InService']);
  group.setDesired(1);
  await eventually(() => (group.instances.length === 1 ? undefined : 'still there'), 10_000);
  assert.deepEqual(detailsOf(published, leavingType), []);
});
