import { z } from 'zod';
import type { CustomResources, InvokeFunction, MadeResource } from './custom-resources.ts';

const tokenSchema = z.object({ ServiceToken: z.string() });

/** Functions that can be asked to delete what they made. */
export interface Makers {
  has(functionArn: string): boolean;
  invoke: InvokeFunction;
}

export interface FormerMakers extends Makers {
  stop(): void;
}

/**
 * Have deleted what a template has no more, once nothing of the new one uses it: by the functions
 * of this deployment, else by those of the one before, which `openFormer` brings back for it. As on
 * AWS, a deletion that fails does not fail the deployment, and is not tried again.
 */
export async function deleteLeftovers(
  resources: CustomResources,
  leftovers: readonly MadeResource[],
  makers: Makers,
  openFormer: (isWanted: (functionArn: string) => boolean) => Promise<FormerMakers | undefined>,
  onTrouble: (message: string) => void,
): Promise<void> {
  const tokenOf = ({ properties }: MadeResource): string =>
    tokenSchema.parse(properties).ServiceToken;
  const orphans = new Set(leftovers.map(tokenOf).filter((arn) => !makers.has(arn)));
  const former = orphans.size > 0 ? await openFormer((arn) => orphans.has(arn)) : undefined;
  for (const leftover of leftovers) {
    const maker = [makers, former].find((one) => one?.has(tokenOf(leftover)));
    try {
      if (maker === undefined) throw new Error('the function that made it is gone');
      await resources.delete(leftover, (arn, event) => maker.invoke(arn, event));
    } catch (error) {
      await resources.forget(leftover);
      onTrouble(`${leftover.physicalId} is left behind: ${String(error)}`);
    }
  }
  former?.stop();
}
