import type { ServiceEvent } from '../events/event-bus.ts';
import type { GroupTerms, LifecycleHook } from './group-terms.ts';

type Group = Pick<GroupTerms, 'groupArn' | 'groupName'>;

/** The events of EC2 Auto Scaling, with the fields it documents for them. */
export function lifecycleEvent(
  { groupArn, groupName }: Group,
  hook: LifecycleHook,
  instanceId: string,
  token: string,
): ServiceEvent {
  const isLaunch = hook.transition === 'autoscaling:EC2_INSTANCE_LAUNCHING';
  return {
    source: 'aws.autoscaling',
    'detail-type': `EC2 Instance-${isLaunch ? 'launch' : 'terminate'} Lifecycle Action`,
    resources: [groupArn],
    detail: {
      LifecycleActionToken: token,
      AutoScalingGroupName: groupName,
      LifecycleHookName: hook.name,
      EC2InstanceId: instanceId,
      LifecycleTransition: hook.transition,
      Origin: isLaunch ? 'EC2' : 'AutoScalingGroup',
      Destination: isLaunch ? 'AutoScalingGroup' : 'EC2',
    },
  };
}

export function launchedEvent(group: Group, instanceId: string): ServiceEvent {
  return activityEvent(group, 'Launch', `Launching a new EC2 instance: ${instanceId}`, instanceId);
}

export function terminatedEvent(group: Group, instanceId: string): ServiceEvent {
  return activityEvent(group, 'Terminate', `Terminating EC2 instance: ${instanceId}`, instanceId);
}

function activityEvent(
  { groupArn, groupName }: Group,
  activity: 'Launch' | 'Terminate',
  description: string,
  instanceId: string,
): ServiceEvent {
  const isLaunch = activity === 'Launch';
  return {
    source: 'aws.autoscaling',
    'detail-type': `EC2 Instance ${activity} Successful`,
    resources: [groupArn],
    detail: {
      StatusCode: 'InProgress',
      Description: description,
      AutoScalingGroupName: groupName,
      EC2InstanceId: instanceId,
      Origin: isLaunch ? 'EC2' : 'AutoScalingGroup',
      Destination: isLaunch ? 'AutoScalingGroup' : 'EC2',
    },
  };
}
