import { z } from 'zod';
import type { FunctionPool } from '../lambda/function-pool.ts';
import { place } from '../template/place.ts';
import type { Stack } from '../template/stack.ts';
import { TemplateError } from '../template/template.ts';

const groupSchema = z.object({
  TerminationPolicies: z.array(z.string()).default([]),
  ServiceLinkedRoleARN: z.string().optional(),
});
const permissionSchema = z.object({
  Action: z.string(),
  FunctionName: z.string(),
  Principal: z.string(),
});
const answerSchema = z.object({ InstanceIDs: z.array(z.string()) });

/** AWS: a policy that takes longer has not answered. */
const answerMs = 2_000;
/** All machines here are in one zone and bought in one way. */
const here = { AvailabilityZone: `${place.region}a`, InstanceMarketOption: 'on-demand' };

/** Says which of these machines are to go, if so many are; undefined: it could not say. */
export type ChooseMachines = (
  instanceIds: readonly string[],
  count: number,
) => Promise<readonly string[] | undefined>;

/**
 * The template's function that chooses, if the group's first policy is one. AWS would ask it of
 * refreshes and of machines that are too old, too; here only when fewer are wanted.
 */
export function terminationPolicy(
  stack: Stack,
  poolOf: (functionArn: string) => Pick<FunctionPool, 'invoke'>,
  onTrouble: (message: string) => void,
): ChooseMachines | undefined {
  const group = stack.only('AWS::AutoScaling::AutoScalingGroup');
  const { ServiceLinkedRoleARN: role, TerminationPolicies: policies } = groupSchema.parse(
    group.properties,
  );
  const [first = ''] = policies;
  if (!first.startsWith('arn:')) return undefined;
  assertMayAsk(stack, first, role);
  const pool = poolOf(first);
  return async (instanceIds, count) => {
    const outcome = await within(
      answerMs,
      pool.invoke({
        AutoScalingGroupARN: group.attribute('AutoScalingGroupARN'),
        AutoScalingGroupName: group.ref,
        CapacityToTerminate: [{ ...here, Capacity: count }],
        Instances: instanceIds.map((id) => ({ ...here, InstanceId: id, InstanceType: 'local' })),
        Cause: 'SCALE_IN',
      }),
    );
    const parsed =
      outcome?.kind === 'answer' ? answerSchema.safeParse(JSON.parse(outcome.payload)) : undefined;
    if (parsed?.success) return parsed.data.InstanceIDs;
    onTrouble(`the termination policy ${first} gave no answer; it is asked again`);
    return undefined;
  };
}

/** Without the permission the group would ask in vain for ever, and never scale in. */
function assertMayAsk(stack: Stack, functionArn: string, role: string | undefined): void {
  const mayAsk = stack
    .ofType('AWS::Lambda::Permission')
    .map(({ properties }) => permissionSchema.parse(properties))
    .some(
      ({ Action, FunctionName, Principal }) =>
        Action === 'lambda:InvokeFunction' && FunctionName === functionArn && Principal === role,
    );
  if (mayAsk) return;
  throw new TemplateError(`no permission lets the group’s role ${role} invoke ${functionArn}`);
}

async function within<T>(limitMs: number, promise: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), limitMs);
  });
  const value = await Promise.race([promise, late]);
  clearTimeout(timer);
  return value;
}
