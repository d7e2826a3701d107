import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Assembly } from './synth/assembly.ts';
import type { Stack } from './template/stack.ts';
import type { Template } from './template/template.ts';

const functionSchema = z.object({ Code: z.object({ S3Key: z.string() }) });
const tokenSchema = z.object({ ServiceToken: z.string() });

/**
 * Keep what the next deployment needs of this one: the template, and the functions that made custom
 * resources. Only they can delete those, and a later template may have neither.
 */
export async function keepDeployment(
  folder: string,
  stack: Stack,
  { template, assetDirectory }: Assembly,
): Promise<void> {
  const fresh = `${folder}.tmp`;
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { recursive: true });
  for (const { logicalId } of stack.customResources()) {
    const { ServiceToken: token } = tokenSchema.parse(stack.propertiesOf(logicalId));
    const { properties } = stack.called('AWS::Lambda::Function', token);
    const { S3Key: key } = functionSchema.parse(properties).Code;
    await cp(assetDirectory(key), join(fresh, key), { recursive: true });
  }
  await writeFile(join(fresh, 'template.json'), JSON.stringify(template));
  await rm(folder, { recursive: true, force: true });
  await rename(fresh, folder);
}

/** What an earlier run kept here. */
export async function formerDeployment(folder: string): Promise<Assembly | undefined> {
  const path = join(folder, 'template.json');
  if (!existsSync(path)) return undefined;
  return {
    template: JSON.parse(await readFile(path, 'utf8')) as Template,
    assetDirectory: (objectKey) => join(folder, objectKey),
  };
}
