import { onMessage } from '#functions/lifecycle/lifecycle.ts';
import { lifecycleMessage } from '#functions/lifecycle/message.ts';
import { memberId } from '#shared/kernel/ids.ts';
import { MemoryTable } from '#test/support/memory-table.ts';
import { ControlPlane } from '../control-plane.ts';
import { ManualQueue } from '../doubles.ts';
import { FaultyTable } from '../faulty-table.ts';
import { sessionReport, type TestMember } from '../test-member.ts';

export const id = memberId('i-a');
export const token = 'token-1';

/** As EC2 Auto Scaling sends it, reduced to what varies. */
export function scaledIn(instanceId = 'i-a', actionToken = token): string {
  return JSON.stringify({
    version: '0',
    'detail-type': 'EC2 Instance-terminate Lifecycle Action',
    source: 'aws.autoscaling',
    detail: {
      LifecycleActionToken: actionToken,
      AutoScalingGroupName: 'Group',
      LifecycleHookName: 'Hook',
      EC2InstanceId: instanceId,
      LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
    },
  });
}

export const gone = JSON.stringify({
  'detail-type': 'EC2 Instance Terminate Successful',
  source: 'aws.autoscaling',
  detail: { EC2InstanceId: 'i-a', AutoScalingGroupName: 'Group' },
});

export const interrupted = JSON.stringify({
  'detail-type': 'EC2 Spot Instance Interruption Warning',
  source: 'aws.ec2',
  detail: { 'instance-id': 'i-a', 'instance-action': 'terminate' },
});

export interface Stage {
  readonly plane: ControlPlane;
  /** The function's own. */
  readonly queue: ManualQueue;
  readonly table: FaultyTable;
  readonly member: TestMember;
  tell(body: string): Promise<void>;
  /** Deliver what the function sent itself, whatever its delay; how much that was. */
  look(): Promise<number>;
  stateOf(): Promise<string | undefined>;
}

/** A member with one session, whose machine's termination waits in the group. */
export async function stage(): Promise<Stage> {
  const table = new FaultyTable(new MemoryTable());
  const plane = new ControlPlane(table);
  const member = await plane.startMember('i-a');
  member.observed = { ...member.observed, sessions: 1, hubs: 1 };
  await member.beat({ opened: [sessionReport('office', 'SID-ADA-1', 'ada')] });
  plane.group.waiting.add(token);
  const queue = new ManualQueue();
  const { stores, group, clock, log } = plane;
  const lifecycle = { stores, group, queue, clock, log };
  const tell = (body: string) => onMessage(lifecycle, lifecycleMessage.decode(body));
  return {
    plane,
    queue,
    table,
    member,
    tell,
    look: async () => {
      const sent = queue.take();
      for (const { body } of sent) await tell(body);
      return sent.length;
    },
    stateOf: async () => (await plane.stores.members.get(id))?.state,
  };
}

/** The agent does as it is told. */
export async function becomeEmpty(member: TestMember): Promise<void> {
  member.observed = { state: 'draining', sessions: 0, connections: 0, hubs: 0 };
  await member.beat({ closed: [{ hub: 'office', name: 'SID-ADA-1' }] });
}
