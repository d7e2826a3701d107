import { z } from 'zod';
import type { ServiceEvent } from '../events/event-bus.ts';
import type { Stack } from '../template/stack.ts';

/** What the template says about the ends of the group's machines. */
export interface GroupTerms {
  readonly groupName: string;
  readonly groupArn: string;
  readonly hook: TerminationHook | undefined;
}

export interface TerminationHook {
  readonly name: string;
  readonly heartbeatMs: number;
}

const hookSchema = z.strictObject({
  AutoScalingGroupName: z.string(),
  LifecycleTransition: z.literal('autoscaling:EC2_INSTANCE_TERMINATING'),
  // ABANDON would end a termination just so; only other hooks would notice.
  DefaultResult: z.enum(['CONTINUE', 'ABANDON']),
  HeartbeatTimeout: z.number(),
});

/** The one group's name and its one hook. */
export function groupTerms(stack: Stack): GroupTerms {
  const group = stack.only('AWS::AutoScaling::AutoScalingGroup');
  const hook = stack.only('AWS::AutoScaling::LifecycleHook');
  const { HeartbeatTimeout: seconds } = hookSchema.parse(hook.properties);
  return {
    groupName: group.ref,
    groupArn: group.attribute('AutoScalingGroupARN'),
    hook: { name: hook.ref, heartbeatMs: seconds * 1_000 },
  };
}

/** The events of EC2 Auto Scaling, with the fields it documents for them. */
export function leavingEvent(
  { groupArn, groupName }: GroupTerms,
  hook: TerminationHook,
  instanceId: string,
  token: string,
): ServiceEvent {
  return {
    source: 'aws.autoscaling',
    'detail-type': 'EC2 Instance-terminate Lifecycle Action',
    resources: [groupArn],
    detail: {
      LifecycleActionToken: token,
      AutoScalingGroupName: groupName,
      LifecycleHookName: hook.name,
      EC2InstanceId: instanceId,
      LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
      Origin: 'AutoScalingGroup',
      Destination: 'EC2',
    },
  };
}

export function terminatedEvent(
  { groupArn, groupName }: GroupTerms,
  instanceId: string,
): ServiceEvent {
  return {
    source: 'aws.autoscaling',
    'detail-type': 'EC2 Instance Terminate Successful',
    resources: [groupArn],
    detail: {
      StatusCode: 'InProgress',
      Description: `Terminating EC2 instance: ${instanceId}`,
      AutoScalingGroupName: groupName,
      EC2InstanceId: instanceId,
      Origin: 'AutoScalingGroup',
      Destination: 'EC2',
    },
  };
}
