import type { LifecycleResult } from '../ec2/group-terms.ts';
import { defaultPreferences, type RefreshPreferences } from '../ec2/instance-refresh.ts';
import type { RefreshReport } from '../ec2/refresh.ts';
import type { Answer } from '../http-server.ts';
import type { Stack } from '../template/stack.ts';
import { formOf, type QueryValue, queryFailure, querySuccess } from './query-protocol.ts';
import type { StandIn } from './signed-endpoint.ts';

/** What the group of members does for the service. */
export interface ScalingGroup {
  /** False: no such machine waits in this hook under this token. */
  complete(
    instanceId: string,
    hookName: string,
    token: string | undefined,
    result: LifecycleResult,
  ): boolean;
  extend(instanceId: string, hookName: string, token: string | undefined): boolean;
  /** False: no such machine. */
  markUnhealthy(instanceId: string): boolean;
  terminateInstance(instanceId: string, decrement: boolean): boolean;
  /** Why it cannot be. */
  setDesired(desired: number): string | undefined;
  executePolicy(name: string, honorCooldown: boolean): 'done' | 'cooling' | 'unknown';
  /** Its id; undefined if one is under way. */
  startRefresh(preferences: RefreshPreferences): string | undefined;
  /** The id of the one that was under way. */
  cancelRefresh(): string | undefined;
  readonly refreshes: readonly RefreshReport[];
  describe(): {
    readonly minSize: number;
    readonly maxSize: number;
    readonly desired: number;
    readonly instances: readonly {
      readonly id: string;
      readonly state: string;
      readonly healthy: boolean;
    }[];
  };
}

const xmlNamespace = 'http://autoscaling.amazonaws.com/doc/2011-01-01/';

type Operation = (form: URLSearchParams, group: ScalingGroup) => Answer;

/**
 * EC2 Auto Scaling: what functions ask of it about the one group, and an operator's daily commands.
 * Left out: everything else; one changes the settings and starts again.
 */
export class AutoScaling {
  private readonly groupName: string;
  private readonly groupArn: string;
  /** Its members are launched when everything else is there. */
  private group: ScalingGroup | undefined;

  constructor(stack: Stack) {
    const { ref, attribute } = stack.only('AWS::AutoScaling::AutoScalingGroup');
    this.groupName = ref;
    this.groupArn = attribute('AutoScalingGroupARN');
  }

  attach(group: ScalingGroup): void {
    this.group = group;
  }

  readonly standIn: StandIn = {
    service: 'autoscaling',
    needs: (request) => {
      const action = formOf(request).get('Action') ?? '';
      // Lists are of everything: IAM knows no narrower resource for them.
      const resource = action.startsWith('Describe') ? '*' : this.groupArn;
      return [{ action: `autoscaling:${action}`, resource }];
    },
    answer: async (request) => this.answer(formOf(request)),
    refuse: (status, code, message) =>
      failure(status, code === 'AccessDeniedException' ? 'AccessDenied' : code, message),
  };

  private answer(form: URLSearchParams): Answer {
    const action = form.get('Action') ?? '';
    const operation = this.operations[action];
    if (operation === undefined)
      return failure(400, 'InvalidAction', `${action} is not known here`);
    const named = form.get('AutoScalingGroupName');
    if (named !== null && named !== this.groupName) return noSuch(`group ${named}`);
    if (this.group === undefined) return failure(500, 'ServiceUnavailable', 'no group yet');
    return operation(form, this.group);
  }

  private readonly operations: Readonly<Record<string, Operation>> = {
    CompleteLifecycleAction: (form, group) => {
      const { instanceId, hookName, token } = lifecycleAction(form);
      const result = form.get('LifecycleActionResult');
      if (result !== 'CONTINUE' && result !== 'ABANDON') {
        return failure(400, 'ValidationError', `LifecycleActionResult is ${result}`);
      }
      const known = group.complete(instanceId, hookName, token, result);
      return known ? success(form) : noSuch(`active lifecycle action for ${instanceId}`);
    },
    RecordLifecycleActionHeartbeat: (form, group) => {
      const { instanceId, hookName, token } = lifecycleAction(form);
      const known = group.extend(instanceId, hookName, token);
      return known ? success(form) : noSuch(`active lifecycle action for ${instanceId}`);
    },
    SetInstanceHealth: (form, group) => {
      const instanceId = form.get('InstanceId') ?? '';
      if (form.get('HealthStatus') !== 'Unhealthy') return success(form);
      return group.markUnhealthy(instanceId) ? success(form) : noSuch(instanceId);
    },
    TerminateInstanceInAutoScalingGroup: (form, group) => {
      const instanceId = form.get('InstanceId') ?? '';
      const decrement = form.get('ShouldDecrementDesiredCapacity') === 'true';
      return group.terminateInstance(instanceId, decrement) ? success(form) : noSuch(instanceId);
    },
    SetDesiredCapacity: (form, group) => {
      const problem = group.setDesired(Number(form.get('DesiredCapacity')));
      return problem === undefined ? success(form) : failure(400, 'ValidationError', problem);
    },
    ExecutePolicy: (form, group) => {
      const name = (form.get('PolicyName') ?? '').split('policyName/').at(-1) ?? '';
      switch (group.executePolicy(name, form.get('HonorCooldown') === 'true')) {
        case 'done':
          return success(form);
        case 'cooling':
          return failure(400, 'ScalingActivityInProgress', 'the cooldown is not over');
        case 'unknown':
          return noSuch(`policy ${name}`);
      }
    },
    StartInstanceRefresh: (form, group) => {
      const id = group.startRefresh(preferencesOf(form));
      if (id !== undefined) return success(form, { InstanceRefreshId: id });
      return failure(400, 'InstanceRefreshInProgress', 'an instance refresh is under way');
    },
    CancelInstanceRefresh: (form, group) => {
      const id = group.cancelRefresh();
      if (id !== undefined) return success(form, { InstanceRefreshId: id });
      return failure(400, 'ActiveInstanceRefreshNotFound', 'no instance refresh is under way');
    },
    DescribeInstanceRefreshes: (form, group) =>
      success(form, { InstanceRefreshes: group.refreshes.map((one) => this.refreshOf(one)) }),
    DescribeAutoScalingGroups: (form, group) => {
      const asked = [...form].filter(([key]) => key.startsWith('AutoScalingGroupNames.'));
      const isMeant = asked.length === 0 || asked.some(([, name]) => name === this.groupName);
      return success(form, { AutoScalingGroups: isMeant ? [this.description(group)] : [] });
    },
  };

  private refreshOf({ id, status, left, percentage }: RefreshReport): QueryValue {
    return {
      InstanceRefreshId: id,
      AutoScalingGroupName: this.groupName,
      Status: status,
      PercentageComplete: percentage,
      InstancesToUpdate: left,
    };
  }

  private description(group: ScalingGroup): QueryValue {
    const { minSize, maxSize, desired, instances } = group.describe();
    return {
      AutoScalingGroupName: this.groupName,
      AutoScalingGroupARN: this.groupArn,
      MinSize: minSize,
      MaxSize: maxSize,
      DesiredCapacity: desired,
      Instances: instances.map(({ id, state, healthy }) => ({
        InstanceId: id,
        LifecycleState: state === 'Dead' ? 'InService' : state,
        HealthStatus: healthy ? 'Healthy' : 'Unhealthy',
        ProtectedFromScaleIn: false,
      })),
    };
  }
}

function lifecycleAction(form: URLSearchParams) {
  return {
    instanceId: form.get('InstanceId') ?? '',
    hookName: form.get('LifecycleHookName') ?? '',
    token: form.get('LifecycleActionToken') ?? undefined,
  };
}

function preferencesOf(form: URLSearchParams): RefreshPreferences {
  const percentage = (name: string, usual: number): number =>
    Number(form.get(`Preferences.${name}`) ?? usual);
  const warmup = form.get('Preferences.InstanceWarmup');
  return {
    ...(warmup === null ? {} : { warmupMs: Number(warmup) * 1_000 }),
    minHealthyPercentage: percentage(
      'MinHealthyPercentage',
      defaultPreferences.minHealthyPercentage,
    ),
    maxHealthyPercentage: percentage(
      'MaxHealthyPercentage',
      defaultPreferences.maxHealthyPercentage,
    ),
  };
}

function noSuch(what: string): Answer {
  return failure(400, 'ValidationError', `No ${what} found`);
}

function success(form: URLSearchParams, result: QueryValue = {}): Answer {
  return querySuccess(xmlNamespace, form.get('Action') ?? '', result);
}

function failure(status: number, code: string, message: string): Answer {
  return queryFailure(xmlNamespace, status, code, message);
}
