import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { readEmf } from '#cdk/local/metrics/emf.ts';
import { MetricStore } from '#cdk/local/metrics/metric-store.ts';
import { Cron } from '#cdk/local/scaling/cron.ts';
import type { ScheduledAction } from '#cdk/local/scaling/policies.ts';
import { Scaler } from '#cdk/local/scaling/scaler.ts';
import { fleetMetrics } from '#functions/env.ts';
import { sweeperMessages } from '#functions/sweeper/message.ts';
import { onMessage } from '#functions/sweeper/sweeper.ts';
import type { Clock } from '#shared/kernel/clock.ts';
import { ControlPlane } from '#test/functions/control-plane.ts';
import { ManualQueue } from '#test/functions/doubles.ts';
import type { TestMember } from '#test/functions/test-member.ts';
import { VirtualTime } from '#test/sim/virtual-time.ts';
import { eventually } from '#test/support/eventually.ts';
import { detailsOf, type GroupUnderTest, goOn, startGroup } from './group.ts';

/** Monday, 5 January 2026, and half a minute into 7:00. */
const startMs = Date.UTC(2026, 0, 5, 7, 0, 30);
const minuteMs = 60_000;
const memberPlaces = 100;
const launching = {
  name: 'Arriving',
  transition: 'autoscaling:EC2_INSTANCE_LAUNCHING',
  heartbeatMs: 3_600_000,
  defaultResult: 'ABANDON',
} as const;
const launchType = 'EC2 Instance-launch Lifecycle Action';
const leavingType = 'EC2 Instance-terminate Lifecycle Action';

/** A group of two whose machines are members, scaled by what the sweeper tells of them. */
class Stage {
  sessions = 0;
  readonly group: GroupUnderTest['group'];
  readonly published: GroupUnderTest['published'];
  private readonly time: VirtualTime;
  private readonly plane = new ControlPlane();
  private readonly metrics = new MetricStore();
  private readonly members = new Map<string, TestMember>();

  private constructor(time: VirtualTime, { group, published }: GroupUnderTest) {
    this.time = time;
    this.group = group;
    this.published = published;
  }

  static async open(context: TestContext, actions: readonly ScheduledAction[] = []) {
    const time = new VirtualTime();
    const clock: Clock = { nowMs: () => startMs + time.nowMs, monotonicMs: () => time.nowMs };
    const changes = { launching, goesFirst: 'newest' } as const;
    const stage = new Stage(
      time,
      await startGroup(context, 1, 3_600_000, changes, 1, { clock, timers: time }),
    );
    const scaler = new Scaler({
      policies: [
        {
          ...{ name: 'OnSessions', statistic: 'Average' as const, target: 60 },
          ...{ disableScaleIn: false, warmupMs: 120_000 },
          metric: {
            ...{ namespace: fleetMetrics.namespace, name: fleetMetrics.utilization },
            dimensions: { [fleetMetrics.dimension]: 'Fleet' },
          },
        },
      ],
      ...{ actions, metrics: stage.metrics, group: stage.group, kept: 0 },
      ...{ clock, timers: time, onTrouble: (message: string) => assert.fail(message) },
    });
    scaler.start();
    context.after(() => scaler.stop());
    await stage.admit();
    return stage;
  }

  /** Minutes pass; the sweeper tells of each what the fleet was like. */
  async pass(minutes: number): Promise<void> {
    for (let minute = 0; minute < minutes; minute += 1) {
      await this.tell();
      await this.time.run(this.time.nowMs + minuteMs, () => false);
      await eventually(() => (this.states().includes('Pending') ? 'launching' : undefined), 5_000);
    }
  }

  /** What waits to come is active now, and in service. */
  async admit(): Promise<void> {
    await eventually(() => (this.states().includes('Pending:Wait') ? undefined : 'none'), 5_000);
    for (const detail of detailsOf(this.published, launchType)) goOn(this.group, detail);
  }

  states(): string[] {
    return this.group.describe().instances.map(({ state }) => state);
  }

  get desired(): number {
    return this.group.describe().desired;
  }

  private async tell(): Promise<void> {
    const { clock, group, log, queue, stores } = this.plane;
    clock.advance(startMs + this.time.nowMs - clock.nowMs());
    const serving = this.group.describe().instances.filter(({ state }) => state === 'InService');
    for (const { id } of serving) {
      const member = this.members.get(id) ?? (await this.joined(id));
      member.observed.sessions = Math.floor(this.sessions / serving.length);
      await member.beat();
    }
    const own = { queue: new ManualQueue(), watchdogQueue: queue, cluster: 'Fleet' };
    const sweeper = { stores, group, clock, log, ...own };
    await onMessage(sweeper, sweeperMessages.decode(JSON.stringify({ kind: 'tick' })));
    const read = readEmf(JSON.stringify(log.of('fleet.load').at(-1)));
    assert(read?.kind === 'figures');
    for (const datapoint of read.datapoints) this.metrics.put(datapoint);
  }

  private async joined(id: string): Promise<TestMember> {
    const member = await this.plane.startMember(id, { capacity: memberPlaces });
    this.members.set(id, member);
    return member;
  }
}

test('sessions rise: it grows to the target, no further; fall: one drains', async (context) => {
  const stage = await Stage.open(context);
  stage.sessions = 100;
  await stage.pass(6);
  assert.equal(stage.desired, 2, 'half of the places are taken: nothing to do');

  stage.sessions = 180;
  await stage.pass(3);
  assert.equal(stage.desired, 3);
  await stage.pass(5);
  assert.equal(stage.desired, 3, 'one is on its way: no other is called for it');
  await stage.admit();
  await stage.pass(10);
  assert.deepEqual([stage.desired, stage.states()], [3, Array(3).fill('InService')]);

  stage.sessions = 20;
  await stage.pass(14);
  assert.equal(stage.desired, 3, 'a lull is no reason to shrink');
  await stage.pass(3);
  assert.deepEqual(
    [stage.desired, stage.states().sort()],
    [2, ['InService', 'InService', 'Terminating:Wait']],
    'one at a time, and it waits until it is drained',
  );
  const [leaving] = detailsOf(stage.published, leavingType);
  const newest = detailsOf(stage.published, launchType).at(-1);
  assert.equal(leaving?.['EC2InstanceId'], newest?.['EC2InstanceId']);
});

test('a schedule changes the bounds, and with them the number', async (context) => {
  const sizes = { minSize: 3, maxSize: 4, desired: undefined };
  const actions = [{ name: 'Morning', cron: new Cron('3 7 * * MON-FRI'), sizes }];
  const stage = await Stage.open(context, actions);
  await stage.pass(2);
  assert.equal(stage.desired, 2);
  await stage.pass(1);
  assert.equal(stage.desired, 3);
  assert.match(stage.group.setDesired(2) ?? '', /not between 3 and 4/);
});
