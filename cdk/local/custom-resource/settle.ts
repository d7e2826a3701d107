import type { Timers } from '#shared/kernel/clock.ts';
import type { Random } from '#shared/kernel/random.ts';
import type { DataFolder } from '../data-folder.ts';
import { formerDeployment, keepDeployment } from '../former-deployment.ts';
import { type IdentityPolicies, identityPolicies } from '../iam/identity-policies.ts';
import type { Functions } from '../lambda/functions.ts';
import { StartError } from '../start-error.ts';
import type { Assembly } from '../synth/assembly.ts';
import type { Stack } from '../template/stack.ts';
import type { Trouble } from '../trouble.ts';
import { CustomResources } from './custom-resources.ts';
import { deleteLeftovers } from './leftovers.ts';
import { ResponseServer } from './response-server.ts';

export interface SettleServices {
  readonly assembly: Assembly;
  readonly data: DataFolder;
  readonly random: Random;
  readonly timers: Timers;
  readonly trouble: Trouble;
  /** What the gate goes by. */
  readonly policies: Map<string, IdentityPolicies>;
  /** Bring back some functions of an earlier deployment. */
  readonly restore: (
    former: Assembly,
    isWanted: (functionArn: string) => boolean,
  ) => { readonly stack: Stack; readonly functions: Functions };
}

/**
 * Have the functions make what the template wants of them. What it gives is the second half, for
 * when everything else has followed: delete what is wanted no more.
 */
export async function settleCustomResources(
  stack: Stack,
  functions: Functions,
  services: SettleServices,
): Promise<() => Promise<void>> {
  const { assembly, data, policies, restore, trouble } = services;
  const responses = await ResponseServer.open(services.random, services.timers);
  const resources = new CustomResources(await data.customResources(), {
    ...{ responses, random: services.random },
    keep: (made) => data.keepCustomResources(made),
  });
  try {
    await resources.settle(stack, (arn, event) => functions.invoke(arn, event));
  } catch (error) {
    await responses.close();
    if (!(error instanceof StartError) || trouble.first === undefined) throw error;
    throw new StartError(`${error.message}; the first trouble was: ${trouble.first}`);
  }

  /** The former functions may do what they might before, as long as they are there. */
  const openFormer = async (isWanted: (functionArn: string) => boolean) => {
    const former = data.deployed === undefined ? undefined : await formerDeployment(data.deployed);
    if (former === undefined) return undefined;
    const { stack: formerStack, functions: all } = restore(former, isWanted);
    const lent = [...identityPolicies(formerStack)].filter(([holder]) => !policies.has(holder));
    for (const [holder, its] of lent) policies.set(holder, its);
    return {
      has: (arn: string) => all.has(arn),
      invoke: (arn: string, event: unknown) => all.invoke(arn, event),
      stop: () => {
        all.stop();
        for (const [holder] of lent) policies.delete(holder);
      },
    };
  };
  return async () => {
    const onTrouble = (message: string): void => trouble.report('custom resource', message);
    const leftovers = resources.leftovers(stack);
    await deleteLeftovers(resources, leftovers, functions, openFormer, onTrouble);
    await responses.close();
    if (data.deployed !== undefined) await keepDeployment(data.deployed, stack, assembly);
  };
}
