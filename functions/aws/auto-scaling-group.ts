import {
  type AutoScalingClient,
  CompleteLifecycleActionCommand,
  RecordLifecycleActionHeartbeatCommand,
  SetInstanceHealthCommand,
} from '@aws-sdk/client-auto-scaling';
import type { LifecycleAction, MachineGroup } from '#functions/store/machine-group.ts';
import type { MachineId } from '#shared/kernel/ids.ts';
import { callDeadlineMs } from './attempts.ts';

/**
 * {@link MachineGroup} over EC2 Auto Scaling, which answers `ValidationError` for a lifecycle
 * action that is over and for a machine it does not know (any more).
 */
export class AutoScalingGroup implements MachineGroup {
  readonly #client: AutoScalingClient;

  constructor(client: AutoScalingClient) {
    this.#client = client;
  }

  async complete(
    action: LifecycleAction,
    result: 'CONTINUE' | 'ABANDON' = 'CONTINUE',
  ): Promise<'completed' | 'over'> {
    const command = new CompleteLifecycleActionCommand({
      ...inputOf(action),
      LifecycleActionResult: result,
    });
    const known = await knows(this.#client.send(command, deadline()));
    return known ? 'completed' : 'over';
  }

  async extend(action: LifecycleAction): Promise<'extended' | 'over'> {
    const command = new RecordLifecycleActionHeartbeatCommand(inputOf(action));
    const known = await knows(this.#client.send(command, deadline()));
    return known ? 'extended' : 'over';
  }

  async reportUnhealthy(machine: MachineId): Promise<'reported' | 'unknown'> {
    const command = new SetInstanceHealthCommand({
      InstanceId: machine,
      HealthStatus: 'Unhealthy',
      ShouldRespectGracePeriod: false,
    });
    const known = await knows(this.#client.send(command, deadline()));
    return known ? 'reported' : 'unknown';
  }
}

function inputOf({ machineId, groupName, hookName, token }: LifecycleAction) {
  return {
    AutoScalingGroupName: groupName,
    LifecycleHookName: hookName,
    LifecycleActionToken: token,
    InstanceId: machineId,
  };
}

async function knows(call: Promise<unknown>): Promise<boolean> {
  try {
    await call;
    return true;
  } catch (error) {
    if (error instanceof Error && error.name === 'ValidationError') return false;
    throw error;
  }
}

function deadline(): { abortSignal: AbortSignal } {
  return { abortSignal: AbortSignal.timeout(callDeadlineMs) };
}
