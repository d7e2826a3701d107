import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseMachines } from '#functions/termination/termination.ts';
import { ControlPlane } from '../control-plane.ts';

interface Instance {
  readonly AvailabilityZone: string;
  readonly InstanceId: string;
  readonly InstanceMarketOption?: string;
}

const instance = (InstanceId: string, zone = 'a', option = 'spot'): Instance => ({
  AvailabilityZone: zone,
  InstanceId,
  InstanceMarketOption: option,
});

/** As in EC2 Auto Scaling's user guide. */
const asked = (
  instances: readonly object[],
  capacity: readonly object[] = [
    { AvailabilityZone: 'a', Capacity: 1, InstanceMarketOption: 'spot' },
  ],
): object => ({
  AutoScalingGroupARN: 'arn:aws:autoscaling:us-east-1:1:autoScalingGroup:x:autoScalingGroupName/g',
  AutoScalingGroupName: 'g',
  CapacityToTerminate: capacity,
  Instances: instances,
  Cause: 'SCALE_IN',
});

async function fleet(sessions: Readonly<Record<string, number>>) {
  const plane = new ControlPlane();
  for (const [id, count] of Object.entries(sessions)) {
    const member = await plane.startMember(id);
    member.observed = { state: 'active', sessions: count, connections: count, hubs: 1 };
    await member.beat();
  }
  return {
    plane,
    choose: async (event: object): Promise<readonly string[]> =>
      (await chooseMachines(plane, event)).InstanceIDs,
  };
}

test('the emptiest of the proposed machines is answered, and one if one is to go', async () => {
  const { plane, choose } = await fleet({ 'i-1': 5, 'i-2': 2, 'i-3': 0 });
  assert.deepEqual(await choose(asked([instance('i-1'), instance('i-2')])), ['i-2']);
  assert.deepEqual(plane.log.of('machines.chosen')[0]?.['chosen'], ['i-2']);
});

test('of each zone and way of paying as many as were asked for', async () => {
  const { choose } = await fleet({ 'i-1': 1, 'i-2': 2, 'i-3': 3, 'i-4': 4, 'i-5': 5 });
  const instances = [
    instance('i-1', 'a', 'on-demand'),
    instance('i-2', 'a', 'spot'),
    instance('i-3', 'b', 'spot'),
    instance('i-4', 'b', 'spot'),
    instance('i-5', 'b', 'spot'),
  ];
  const wanted = [
    { AvailabilityZone: 'a', Capacity: 1, InstanceMarketOption: 'spot' },
    { AvailabilityZone: 'b', Capacity: 2, InstanceMarketOption: 'spot' },
  ];
  assert.deepEqual(await choose(asked(instances, wanted)), ['i-2', 'i-3', 'i-4']);
});

test('a group that buys in one way only does not say in which', async () => {
  const { choose } = await fleet({ 'i-1': 1, 'i-2': 0 });
  const plain = (id: string) => ({ AvailabilityZone: 'a', InstanceId: id, InstanceType: 't' });
  const wanted = [{ AvailabilityZone: 'a', Capacity: 1 }];
  assert.deepEqual(await choose(asked([plain('i-1'), plain('i-2')], wanted)), ['i-2']);
  assert.deepEqual(await choose(asked([instance('i-1'), instance('i-2')], wanted)), ['i-2']);
});

test('a machine that is too old goes whatever is on it: there is no other', async () => {
  const { choose } = await fleet({ 'i-1': 900, 'i-2': 0 });
  const event = { ...asked([instance('i-1')]), Cause: 'MAX_INSTANCE_LIFETIME' };
  assert.deepEqual(await choose(event), ['i-1']);
});

test('what AWS does not send is an error, and rings', async () => {
  const { choose } = await fleet({});
  await assert.rejects(choose({ Instances: [] }), /CapacityToTerminate/);
});
