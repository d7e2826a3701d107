import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { StartError } from '../start-error.ts';
import { type Assembly, readAssembly } from './assembly.ts';
import { sourceHash } from './source-hash.ts';

/** Assemblies kept for the next start; another cluster may still run from an older one. */
const assembliesKept = 4;
const outputBytesMax = 1024 * 1024;

const cdkJson = z.object({ context: z.record(z.string(), z.unknown()) });

export interface SynthesisOptions {
  /** The repository. */
  readonly root: string;
  /** Folder for assemblies, one per state of the sources. */
  readonly folder: string;
  /** Environment of the CDK app's process: it runs `npx esbuild`. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** `name=value` each, beside the context of cdk.json. */
  readonly context?: readonly string[];
}

export interface Synthesis {
  readonly assembly: Assembly;
  readonly cached: boolean;
}

/** Run the CDK app, or take what it wrote when the sources were the same. */
export async function synthesize(options: SynthesisOptions): Promise<Synthesis> {
  const target = join(options.folder, await hashOf(options));
  const cached = existsSync(join(target, 'manifest.json'));
  if (cached) {
    await utimes(target, new Date(), new Date());
  } else {
    const building = join(options.folder, `building-${process.pid}`);
    await rm(building, { recursive: true, force: true });
    await mkdir(building, { recursive: true });
    await runApp(options, building);
    await keep(building, target);
    await removeOld(options.folder);
  }
  return { assembly: await readAssembly(target), cached };
}

/** Another start may have been faster; its result is the same, and its cluster may be using it. */
async function keep(building: string, target: string): Promise<void> {
  try {
    await rename(building, target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOTEMPTY') throw error;
    await rm(building, { recursive: true, force: true });
  }
}

/** What `cdk synth` does: the app in a process of its own, told context and output folder. */
async function runApp(options: SynthesisOptions, output: string): Promise<void> {
  const { root, environment, context: given = [] } = options;
  const { context } = cdkJson.parse(JSON.parse(await readFile(join(root, 'cdk.json'), 'utf8')));
  const child = spawn(process.execPath, ['--import', 'tsx', 'cdk/app.ts'], {
    cwd: root,
    env: {
      ...environment,
      CDK_OUTDIR: output,
      CDK_CONTEXT_JSON: JSON.stringify({ ...context, ...parsed(given) }),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  const collect = (chunk: Buffer): void => {
    if (text.length < outputBytesMax) text += chunk.toString();
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  const [status] = await once(child, 'close');
  if (status !== 0) throw new StartError(`the CDK app failed (${status}):\n${text}`);
}

/** What an assembly is called: equal sources and context make equal ones. */
async function hashOf({ root, context = [] }: SynthesisOptions): Promise<string> {
  const sources = await sourceHash(root);
  if (context.length === 0) return sources;
  const digest = createHash('sha256')
    .update(JSON.stringify([...context].sort()))
    .digest('hex');
  return `${sources}-${digest.slice(0, 8)}`;
}

function parsed(context: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    context.map((text) => {
      const at = text.indexOf('=');
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}

async function removeOld(folder: string): Promise<void> {
  const entries = await Promise.all(
    (await readdir(folder)).map(async (name) => {
      const path = join(folder, name);
      return { path, changedMs: (await stat(path)).mtimeMs };
    }),
  );
  entries.sort((left, right) => right.changedMs - left.changedMs);
  for (const { path } of entries.slice(assembliesKept)) {
    await rm(path, { recursive: true, force: true });
  }
}
