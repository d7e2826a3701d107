import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fleetMetrics } from '#functions/env.ts';
import { sweeperMessages } from '#functions/sweeper/message.ts';
import { onMessage } from '#functions/sweeper/sweeper.ts';
import { ControlPlane } from '../control-plane.ts';
import { ManualQueue } from '../doubles.ts';

async function figuresOf(plane: ControlPlane): Promise<Record<string, unknown>> {
  const { clock, group, log, queue, stores } = plane;
  const own = { queue: new ManualQueue(), watchdogQueue: queue, cluster: 'Fleet' };
  const sweeper = { stores, group, clock, log, ...own };
  await onMessage(sweeper, sweeperMessages.decode(JSON.stringify({ kind: 'tick' })));
  return log.of('fleet.load').at(-1) as Record<string, unknown>;
}

test('each minute tells what the group is scaled by, as CloudWatch reads it in logs', async () => {
  const plane = new ControlPlane();
  await plane.startMember('i-a');
  const figures = await figuresOf(plane);
  assert.equal(figures[fleetMetrics.dimension], 'Fleet');
  assert.equal(figures[fleetMetrics.activeMembers], 1);
  assert.equal(figures[fleetMetrics.utilization], 0);
  const { Timestamp: time, CloudWatchMetrics: groups } = figures['_aws'] as {
    Timestamp: number;
    CloudWatchMetrics: { Namespace: string; Dimensions: string[][]; Metrics: { Name: string }[] }[];
  };
  assert.equal(time, plane.clock.nowMs());
  assert.equal(groups[0]?.Namespace, fleetMetrics.namespace);
  assert.deepEqual(groups[0].Dimensions, [[fleetMetrics.dimension]]);
  for (const { Name: name } of groups[0].Metrics)
    assert.equal(typeof figures[name], 'number', name);
});

test('a fleet of nobody tells no utilization: nothing is to be scaled by it', async () => {
  const figures = await figuresOf(new ControlPlane());
  assert.equal(figures[fleetMetrics.activeMembers], 0);
  assert(!(fleetMetrics.utilization in figures));
  assert(!JSON.stringify(figures['_aws']).includes(fleetMetrics.utilization));
});
