import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readCloudConfig } from '#cdk/local/ec2/cloud-config.ts';
import type { Ec2Instance } from '#cdk/local/ec2/ec2-instance.ts';
import type { MemberGroup } from '#cdk/local/ec2/member-group.ts';
import { systemClock } from '#cdk/local/system.ts';
import { eventually } from '#test/support/eventually.ts';
import { detailsOf, goOn, startGroup, userData, words } from './group.ts';

test('each member knows its own id and where to listen', async (context) => {
  const { group, folder } = await startGroup(context, 60_000);
  for (const { id, endpoints } of group.instances) {
    const [{ port } = { port: 0 }] = endpoints;
    assert.match(id, /^i-[0-9a-f]{17}$/);
    await eventually(
      () => (words(folder, port).length > 0 ? undefined : 'the agent says nothing'),
      10_000,
    );
    assert.deepEqual(words(folder, port), [{ id, number: 0, of: '1', port }]);
  }
  assert.notEqual(group.instances[0]?.id, group.instances[1]?.id);
});

test('a dead agent is started again on the same ec2Instance, within a moment', async (context) => {
  const { group, events, folder } = await startGroup(context, 200);
  const [instance] = group.instances;
  assert(instance);
  const said = (): unknown[] => words(folder, 10_443).filter(({ id }) => id === instance.id);
  await eventually(() => (said().length > 0 ? undefined : 'the agent says nothing'), 10_000);
  const { pid } = instance;
  const agentPid = agentPidOf(instance);
  process.kill(agentPid, 'SIGKILL');
  await eventually(() => (said().length > 1 ? undefined : 'not started again'), 5_000);
  assert.notEqual(agentPidOf(instance), agentPid);
  assert.deepEqual([instance.pid, instance.running], [pid, true]);
  assert.deepEqual(
    events.map(({ kind }) => kind),
    ['launched', 'launched'],
  );
});

test('an agent that is done stays down, and its ec2Instance with it', async (context) => {
  const { group, folder } = await startGroup(context, 60_000);
  const [instance] = group.instances;
  assert(instance);
  await eventually(
    () => (words(folder, 10_443).length > 0 ? undefined : 'the agent says nothing'),
    10_000,
  );
  process.kill(agentPidOf(instance), 'SIGTERM'); // it ends with 0, as a drained one
  await eventually(() => (instance.running ? 'still running' : undefined), 5_000);
});

test('a machine that is killed takes its agent with it', async (context) => {
  const { group, folder } = await startGroup(context, 60_000);
  const [instance] = group.instances;
  assert(instance);
  await eventually(
    () => (words(folder, 10_443).length > 0 ? undefined : 'the agent says nothing'),
    10_000,
  );
  process.kill(instance.pid, 'SIGKILL'); // the machine alone: nobody asked for the agent
  await eventually(() => {
    try {
      process.kill(agentPidOf(instance), 0);
      return 'the agent lives on';
    } catch {
      return undefined;
    }
  }, 2_000);
});

function agentPidOf({ agents }: Ec2Instance, process = 0): number {
  return agents[process]?.pid ?? 0;
}

test('an agent for each core, with a port of its own, restarted alone', async (context) => {
  const { group, folder } = await startGroup(context, 60_000, 60_000, {}, 4);
  const [instance] = group.instances;
  assert(instance);
  assert.deepEqual(
    instance.agents.map(({ id }) => id),
    [instance.id, `${instance.id}.1`],
    'four cores, and the template has ports for two',
  );
  const said = () => words(folder, 10_443).sort((left, right) => left.number - right.number);
  await eventually(() => (said().length === 2 ? undefined : 'not both have spoken'), 10_000);
  const { id, endpoints } = instance;
  const [first, second] = endpoints.map(({ port }, number) => ({ id, number, of: '2', port }));
  assert.deepEqual(said(), [first, second]);
  const ports = group.instances.flatMap((one) => one.endpoints.map(({ port }) => port));
  assert.equal(new Set(ports).size, 4);
  const pids = instance.agents.map(({ pid }) => pid);
  process.kill(agentPidOf(instance, 1), 'SIGKILL');
  await eventually(() => (said().length === 3 ? undefined : 'not started again'), 5_000);
  assert.deepEqual(said(), [first, second, second]);
  assert.equal(agentPidOf(instance, 0), pids[0], 'the other one went on');
  process.kill(agentPidOf(instance, 0), 'SIGTERM'); // done
  process.kill(agentPidOf(instance, 1), 'SIGKILL');
  await eventually(() => (said().length === 4 ? undefined : 'not started again'), 5_000);
  assert.equal(instance.running, true, 'one is left');
  process.kill(agentPidOf(instance, 1), 'SIGTERM');
  await eventually(() => (instance.running ? 'still running' : undefined), 5_000);
});

/** Both are there, and the one that ended is not one of them. */
function isReplaced({ instances }: MemberGroup, ended: Ec2Instance | undefined): boolean {
  return instances.length === 2 && instances.every(({ id }) => id !== ended?.id);
}

test('a dead process is replaced by a new ec2Instance at the same address', async (context) => {
  const { group, events, folder } = await startGroup(context, 200);
  const [victim, other] = group.instances;
  victim?.kill('SIGKILL');
  await eventually(() => (victim?.running ? 'still running' : undefined), 5_000);
  assert.equal(group.instances[0]?.id, victim?.id, 'listed as ended until it is replaced');
  await eventually(() => (isReplaced(group, victim) ? undefined : 'not replaced'), 5_000);
  const [fresh] = group.instances;
  assert.deepEqual(fresh?.endpoints, victim?.endpoints);
  assert.equal(group.instances[1], other);
  await eventually(
    () => (words(folder, 10_443).at(-1)?.id === fresh?.id ? undefined : 'it says nothing'),
    10_000,
  );
  assert.deepEqual(
    events.map(({ kind }) => kind),
    ['launched', 'launched', 'ended', 'launched'],
  );
});

test('stopping ends all members and replaces none', async (context) => {
  const { group } = await startGroup(context, 100);
  const pids = group.instances.map(({ pid }) => pid);
  await group.stop(2_000);
  for (const pid of pids) assert.throws(() => process.kill(pid, 0), /ESRCH/);
  assert.ok(group.instances.every(({ running }) => !running));
});

test('user data that is not understood is named', () => {
  assert.throws(() => readCloudConfig('#!/bin/sh\n'), /#cloud-config/);
  assert.throws(() => readCloudConfig(userData.replace('ExecStart', 'Exec')), /ExecStart/);
  assert.throws(() => readCloudConfig(userData.replace('s3://', 'https://')), /S3/);
  assert.throws(() => readCloudConfig(userData.replace('nproc', 'echo 1')), /start script/);
});

const leavingType = 'EC2 Instance-terminate Lifecycle Action';
const terminatedType = 'EC2 Instance Terminate Successful';

test('a scaled-in ec2Instance waits until it is let go; nobody replaces it', async (context) => {
  const { group, published, events } = await startGroup(context, 50);
  const [victim, other] = group.instances;
  assert.ok(victim);
  assert.equal(group.scaleIn(victim.id), true);
  const [detail] = detailsOf(published, leavingType);
  assert.deepEqual(
    [detail?.['EC2InstanceId'], detail?.['AutoScalingGroupName'], detail?.['LifecycleHookName']],
    [victim.id, 'Group', 'Hook'],
  );
  assert.equal(group.extend(victim.id, 'Hook', 'another'), false);
  assert.equal(victim.running, true);
  assert.equal(goOn(group, detail), true);
  await eventually(() => (group.instances.length === 1 ? undefined : 'still there'), 10_000);
  assert.equal(victim.running, false);
  assert.deepEqual(group.instances, [other]);
  assert.equal(detailsOf(published, terminatedType)[0]?.['EC2InstanceId'], victim.id);
  assert.deepEqual(
    events.map(({ kind }) => kind),
    ['launched', 'launched', 'leaving', 'left'],
  );
});

test('extended, it stays; when the hook’s time is up, it goes', async (context) => {
  const { group, published } = await startGroup(context, 60_000, 400);
  const [victim] = group.instances;
  assert.ok(victim);
  group.scaleIn(victim.id);
  const token = String(detailsOf(published, leavingType)[0]?.['LifecycleActionToken']);
  const startedMs = systemClock.monotonicMs();
  await eventually(() => {
    const forMs = systemClock.monotonicMs() - startedMs;
    return forMs > 1_000 || !group.extend(victim.id, 'Hook', token) ? undefined : 'extending';
  }, 5_000);
  assert.equal(victim.running, true, 'it was extended for longer than the hook waits');
  await eventually(() => (victim.running ? 'still running' : undefined), 10_000);
});

test('an unhealthy ec2Instance is told of once and replaced', async (context) => {
  const { group, published } = await startGroup(context, 50);
  const [victim] = group.instances;
  assert.ok(victim);
  assert.equal(group.markUnhealthy(victim.id), true);
  assert.equal(group.markUnhealthy(victim.id), true);
  const [detail, second] = detailsOf(published, leavingType);
  assert.equal(second, undefined);
  goOn(group, detail);
  await eventually(() => (isReplaced(group, victim) ? undefined : 'not replaced'), 10_000);
  assert.equal(group.instances.length, 2);
  assert.equal(group.markUnhealthy(victim.id), false, 'it is not known any more');
});

test('an agent that ends while its machine waits changes nothing about that', async (context) => {
  const { group, published, events } = await startGroup(context, 50);
  const [victim] = group.instances;
  assert.ok(victim);
  group.scaleIn(victim.id);
  victim.kill('SIGTERM');
  await eventually(() => (victim.running ? 'still running' : undefined), 5_000);
  assert.deepEqual(detailsOf(published, terminatedType), []);
  const [detail] = detailsOf(published, leavingType);
  assert.equal(goOn(group, detail), true);
  assert.equal(detailsOf(published, terminatedType).length, 1);
  assert.equal(group.instances.length, 1);
  assert.equal(events.at(-1)?.kind, 'left');
});
