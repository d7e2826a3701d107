import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { isRunning, markOf } from './process/started.ts';
import { StartError } from './start-error.ts';

const markSchema = z.object({ pid: z.number(), started: z.string() });

/**
 * One cluster at a time has what `path` marks; the mark of one that was killed does not count.
 * @throws {StartError} what `taken` says of the process that has it.
 */
export async function lockFile(
  path: string,
  taken: (pid: number) => string,
): Promise<() => Promise<void>> {
  const holder = markSchema.safeParse(await readMark(path));
  if (holder.success && holder.data.pid !== process.pid && isRunning(holder.data)) {
    throw new StartError(taken(holder.data.pid));
  }
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.${process.pid}`, JSON.stringify(markOf(process.pid)));
  await rename(`${path}.${process.pid}`, path);
  return () => rm(path, { force: true });
}

async function readMark(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch {
    return undefined; // there is none, or it was being written when its writer was killed
  }
}
