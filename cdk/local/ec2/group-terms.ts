import { z } from 'zod';
import type { Stack } from '../template/stack.ts';
import { TemplateError } from '../template/template.ts';

/** A machine waits in a hook until somebody completes the action, or nobody extends it. */
export interface LifecycleHook {
  readonly name: string;
  readonly transition: LifecycleTransition;
  readonly heartbeatMs: number;
  /** What silence means. */
  readonly defaultResult: LifecycleResult;
}

export type LifecycleTransition =
  | 'autoscaling:EC2_INSTANCE_LAUNCHING'
  | 'autoscaling:EC2_INSTANCE_TERMINATING';

export type LifecycleResult = 'CONTINUE' | 'ABANDON';

/** A policy somebody may execute: so many machines more or fewer. */
export interface SimplePolicy {
  readonly name: string;
  readonly adjustment: number;
  readonly cooldownMs: number;
}

/** What the template says about the one group. */
export interface GroupTerms {
  readonly groupName: string;
  readonly groupArn: string;
  readonly minSize: number;
  readonly maxSize: number;
  readonly launching: LifecycleHook | undefined;
  readonly terminating: LifecycleHook | undefined;
  /** A machine in service counts as healthy to an instance refresh after this long. */
  readonly warmupMs: number;
  /** Who goes first when fewer are wanted. */
  readonly goesFirst: 'newest' | 'oldest';
  readonly simplePolicies: readonly SimplePolicy[];
}

const size = z.union([z.string(), z.number()]).transform(Number);
const hookFields = {
  LifecycleTransition: z.enum([
    'autoscaling:EC2_INSTANCE_LAUNCHING',
    'autoscaling:EC2_INSTANCE_TERMINATING',
  ]),
  DefaultResult: z.enum(['CONTINUE', 'ABANDON']).default('ABANDON'),
  HeartbeatTimeout: z.number().default(3_600),
};
/** A resource of its own, or part of the group: then it is there before the first machine. */
const hookSchema = z.strictObject({ AutoScalingGroupName: z.string(), ...hookFields });
const ownHookSchema = z.strictObject({ LifecycleHookName: z.string(), ...hookFields });
type NamedHook = z.infer<typeof ownHookSchema>;
const byAge = z.enum(['Default', 'NewestInstance', 'OldestInstance']);
const groupSchema = z.object({
  MinSize: size,
  MaxSize: size,
  DefaultInstanceWarmup: size.default(0),
  // The first may be a function: see `termination-policy.ts`.
  TerminationPolicies: z.array(z.union([byAge, z.string().startsWith('arn:')])).default([]),
  LifecycleHookSpecificationList: z.array(ownHookSchema).default([]),
});
const policySchema = z.discriminatedUnion('PolicyType', [
  z.object({
    PolicyType: z.literal('SimpleScaling'),
    AdjustmentType: z.literal('ChangeInCapacity'),
    ScalingAdjustment: z.number(),
    Cooldown: size.default(300),
  }),
  z.object({ PolicyType: z.literal('TargetTrackingScaling') }),
]);

export function groupTerms(stack: Stack): GroupTerms {
  const group = stack.only('AWS::AutoScaling::AutoScalingGroup');
  const properties = groupSchema.parse(group.properties);
  const { MinSize, MaxSize, DefaultInstanceWarmup, TerminationPolicies } = properties;
  const hooks = [...properties.LifecycleHookSpecificationList, ...hookResources(stack)];
  return {
    groupName: group.ref,
    groupArn: group.attribute('AutoScalingGroupARN'),
    minSize: MinSize,
    maxSize: MaxSize,
    launching: hookOf(hooks, 'autoscaling:EC2_INSTANCE_LAUNCHING'),
    terminating: hookOf(hooks, 'autoscaling:EC2_INSTANCE_TERMINATING'),
    warmupMs: DefaultInstanceWarmup * 1_000,
    goesFirst: TerminationPolicies[0] === 'NewestInstance' ? 'newest' : 'oldest',
    simplePolicies: simplePolicies(stack),
  };
}

function hookResources(stack: Stack): NamedHook[] {
  return stack.ofType('AWS::AutoScaling::LifecycleHook').map(({ ref, properties }) => {
    const { AutoScalingGroupName: _, ...hook } = hookSchema.parse(properties);
    return { LifecycleHookName: ref, ...hook };
  });
}

function hookOf(
  hooks: readonly NamedHook[],
  transition: LifecycleTransition,
): LifecycleHook | undefined {
  const [hook, second] = hooks.filter(({ LifecycleTransition: its }) => its === transition);
  if (second !== undefined) throw new TemplateError(`more than one hook for ${transition}`);
  if (hook === undefined) return undefined;
  return {
    name: hook.LifecycleHookName,
    transition,
    heartbeatMs: hook.HeartbeatTimeout * 1_000,
    defaultResult: hook.DefaultResult,
  };
}

/** Those that somebody executes; `scaling/` has those that go by figures and by the clock. */
function simplePolicies(stack: Stack): SimplePolicy[] {
  return stack
    .ofType('AWS::AutoScaling::ScalingPolicy')
    .flatMap(({ ref, attribute, properties }) => {
      const policy = policySchema.parse(properties);
      if (policy.PolicyType !== 'SimpleScaling') return [];
      return {
        name: attribute('PolicyName') ?? ref,
        adjustment: policy.ScalingAdjustment,
        cooldownMs: policy.Cooldown * 1_000,
      };
    });
}
