import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { type Template, TemplateError } from '../template/template.ts';

const manifestSchema = z.object({
  artifacts: z.record(
    z.string(),
    z.object({
      type: z.string(),
      properties: z.object({ templateFile: z.string() }).partial().optional(),
    }),
  ),
});
const assetsSchema = z.object({
  files: z.record(
    z.string(),
    z.object({
      source: z.object({ path: z.string() }),
      destinations: z.record(z.string(), z.object({ objectKey: z.string() })),
    }),
  ),
});

/** A synthesized CDK app with one stack: its template and the folders of its assets. */
export interface Assembly {
  readonly template: Template;
  /** The folder that a deployment zips and uploads under this key. */
  readonly assetDirectory: (objectKey: string) => string;
}

/** Read what `app.synth()` wrote. */
export async function readAssembly(folder: string): Promise<Assembly> {
  const manifest = manifestSchema.parse(await readJson(join(folder, 'manifest.json')));
  const stacks = Object.entries(manifest.artifacts).filter(
    ([, artifact]) => artifact.type === 'aws:cloudformation:stack',
  );
  const [stack, second] = stacks;
  const templateFile = stack?.[1].properties?.templateFile;
  if (stack === undefined || second !== undefined || templateFile === undefined) {
    throw new TemplateError('the local stack deploys exactly one stack');
  }
  const assets = assetsSchema.parse(await readJson(join(folder, `${stack[0]}.assets.json`)));
  const folders = new Map(
    Object.values(assets.files).flatMap(({ source, destinations }) =>
      Object.values(destinations).map(({ objectKey }) => [objectKey, join(folder, source.path)]),
    ),
  );
  return {
    template: (await readJson(join(folder, templateFile))) as Template,
    assetDirectory: (objectKey) => {
      const found = folders.get(objectKey);
      if (found === undefined) throw new TemplateError(`no asset has the key ${objectKey}`);
      return found;
    },
  };
}

async function readJson(path: string): Promise<unknown> {
  return JSON.parse(await readFile(path, 'utf8'));
}
