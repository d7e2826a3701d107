import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MetricStore } from '#cdk/local/metrics/metric-store.ts';
import { keptByGuards, trackingPolicies } from '#cdk/local/scaling/policies.ts';
import {
  jointWish,
  type Standing,
  type TrackingPolicy,
  type Wish,
  wishOf,
} from '#cdk/local/scaling/target-tracking.ts';
import { Stack } from '#cdk/local/template/stack.ts';
import type { Settings } from '#cdk/settings.ts';
import { fleetMetrics } from '#functions/env.ts';
import { synthesized } from '../template.ts';
import { appWith } from '../variant.ts';

const minuteMs = 60_000;
const metric = { namespace: 'Fleet', name: 'Load', dimensions: {} };
const policy: TrackingPolicy = {
  ...{ name: 'OnLoad', metric, statistic: 'Average', target: 60 },
  ...{ disableScaleIn: false, warmupMs: 0 },
};
const four: Standing = { desired: 4, warm: 4, warming: 0, leaving: 0 };

/** What is wished after a minute each of these figures. */
function wishAfter(
  figures: readonly number[],
  standing: Standing = four,
  changes: Partial<TrackingPolicy> = {},
): Wish {
  const store = new MetricStore();
  for (const [minute, value] of figures.entries()) {
    store.put({ metric, value, atMs: (100 + minute) * minuteMs });
  }
  const nowMs = (100 + figures.length) * minuteMs;
  return wishOf({ ...policy, ...changes }, store, nowMs, standing);
}

const minutes = (count: number, value: number): number[] => Array(count).fill(value);

test('out after three minutes above the target, by as much as the last figure says', () => {
  assert.equal(wishAfter([90, 90]).kind, 'unsure');
  assert.equal(wishAfter([90, 60, 90]).kind, 'unsure', 'the target itself is not too much');
  const wish = { kind: 'more', policy: 'OnLoad' };
  assert.deepEqual(wishAfter([90, 90, 90]), { ...wish, desired: 6 });
  assert.deepEqual(wishAfter([90, 90, 61]), { ...wish, desired: 5 });
});

test('those on their way are counted: nobody is called twice', () => {
  const coming = { ...four, desired: 6, warming: 2 };
  assert.equal(wishAfter([90, 90, 90], coming).kind, 'as-is');
  assert.equal(wishAfter([120, 120, 120], coming).kind, 'more');
});

test('in after a quarter of an hour well below, by one, and not while any comes or goes', () => {
  assert.equal(wishAfter(minutes(14, 10)).kind, 'unsure');
  assert.deepEqual(wishAfter(minutes(15, 10)), { kind: 'fewer', desired: 3, policy: 'OnLoad' });
  assert.equal(wishAfter([...minutes(14, 10), 54]).kind, 'as-is', 'nine tenths of the target');
  assert.equal(wishAfter(minutes(15, 10), { ...four, warming: 1 }).kind, 'as-is');
  assert.equal(wishAfter(minutes(15, 10), { ...four, leaving: 1 }).kind, 'as-is');
  assert.equal(wishAfter(minutes(15, 53)).kind, 'as-is', 'three would be too few');
  assert.equal(wishAfter(minutes(15, 10), four, { disableScaleIn: true }).kind, 'as-is');
});

test('several policies: out for the neediest, in only if all agree that may', () => {
  const more = (desired: number): Wish => ({ kind: 'more', desired, policy: `${desired}` });
  const fewer = (desired: number): Wish => ({ kind: 'fewer', desired, policy: `${desired}` });
  const joint = (...wishes: (Wish | 'never')[]): Wish =>
    jointWish(
      wishes.map((wish) =>
        wish === 'never'
          ? { wish: { kind: 'as-is' }, disableScaleIn: true }
          : { wish, disableScaleIn: false },
      ),
    );
  assert.deepEqual(joint(more(5), more(7), fewer(3)), more(7));
  assert.deepEqual(joint(fewer(2), fewer(3)), fewer(3));
  assert.equal(joint(fewer(2), { kind: 'unsure' }).kind, 'as-is');
  assert.deepEqual(joint(fewer(2), 'never'), fewer(2));
  assert.equal(joint('never').kind, 'as-is');
});

const addresses = { queueEndpoint: '', frontDoor: '127.0.0.1', functionUrl: () => '' };

test('a guard with a say in scaling in keeps the last machine, never quite idle', () => {
  const emptied = (changes: Partial<Settings>): 0 | 1 => {
    const { template } = appWith({ settings: changes }).synth().getStackByName('Etherfleet');
    return keptByGuards(new Stack(template, addresses, {}));
  };
  assert.equal(emptied({ memberCountMin: 1 }), 1);
  assert.equal(emptied({ memberCountMin: 0 }), 0);
});

test('of the template’s policies the one by sessions is followed', async () => {
  const { assembly } = await synthesized();
  const policies = trackingPolicies(new Stack(assembly.template, addresses, {}), 120_000);
  assert.deepEqual(
    policies.map(({ metric: its, target, warmupMs }) => [its, target, warmupMs]),
    [
      [
        {
          namespace: fleetMetrics.namespace,
          name: fleetMetrics.utilization,
          dimensions: { [fleetMetrics.dimension]: 'Etherfleet' },
        },
        60,
        120_000,
      ],
    ],
  );
});
