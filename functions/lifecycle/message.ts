import * as z from 'zod';
import { type MachineId, machineId } from '#shared/kernel/ids.ts';
import type { LifecycleAction } from '../store/machine-group.ts';

const id = z.string().min(1).transform(machineId);
const text = z.string().min(1);

/** A machine of the group waits to be terminated. */
const scaledIn = z
  .object({
    'detail-type': z.literal('EC2 Instance-terminate Lifecycle Action'),
    detail: z.object({
      EC2InstanceId: id,
      AutoScalingGroupName: text,
      LifecycleHookName: text,
      LifecycleActionToken: text,
    }),
  })
  .transform(({ detail }) => ({
    kind: 'leave' as const,
    action: {
      machineId: detail.EC2InstanceId,
      groupName: detail.AutoScalingGroupName,
      hookName: detail.LifecycleHookName,
      token: detail.LifecycleActionToken,
    },
  }));

/** A machine was launched, and waits to be counted in. */
const launched = z
  .object({
    'detail-type': z.literal('EC2 Instance-launch Lifecycle Action'),
    detail: z.object({
      EC2InstanceId: id,
      AutoScalingGroupName: text,
      LifecycleHookName: text,
      LifecycleActionToken: text,
      /** `WarmPool`: it is only prepared, for as long as the group waits, and stopped then. */
      Destination: text.optional(),
    }),
  })
  .transform(({ detail }) => ({
    kind: detail.Destination === 'WarmPool' ? ('prepared' as const) : ('arrive' as const),
    action: {
      machineId: detail.EC2InstanceId,
      groupName: detail.AutoScalingGroupName,
      hookName: detail.LifecycleHookName,
      token: detail.LifecycleActionToken,
    },
    sinceMs: undefined,
  }));

/** EC2 takes a Spot machine back in two minutes. */
const interrupted = z
  .object({
    'detail-type': z.literal('EC2 Spot Instance Interruption Warning'),
    detail: z.object({ 'instance-id': id }),
  })
  .transform(({ detail }) => ({
    kind: 'interrupted' as const,
    machineId: detail['instance-id'],
  }));

/** A machine of the group is no more. */
const terminated = z
  .object({
    'detail-type': z.literal('EC2 Instance Terminate Successful'),
    detail: z.object({ EC2InstanceId: id }),
  })
  .transform(({ detail }) => ({ kind: 'gone' as const, machineId: detail.EC2InstanceId }));

/** Our own messages to ourselves. */
const leave = z.object({
  kind: z.literal('leave'),
  action: z.object({ machineId: id, groupName: text, hookName: text, token: text }),
});
const arrive = z.object({
  kind: z.literal('arrive'),
  action: z.object({ machineId: id, groupName: text, hookName: text, token: text }),
  sinceMs: z.number().int(),
});
const gone = z.object({ kind: z.literal('gone'), machineId: id });

const events = z.union([scaledIn, launched, interrupted, terminated]);
const messageSchema = z.union([events, arrive, leave, gone]);

/** What the lifecycle function is told: events of AWS, and its own looks at what they began. */
export type LifecycleMessage = z.infer<typeof messageSchema>;

export const lifecycleMessage = {
  leave: (action: LifecycleAction): string => JSON.stringify({ kind: 'leave', action }),
  arrive: (action: LifecycleAction, sinceMs: number): string =>
    JSON.stringify({ kind: 'arrive', action, sinceMs }),
  gone: (machine: MachineId): string => JSON.stringify({ kind: 'gone', machineId: machine }),
  /** @throws on a body that neither AWS nor we wrote. */
  decode: (body: string): LifecycleMessage => messageSchema.parse(JSON.parse(body)),
} as const;
