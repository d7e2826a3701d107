import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { isRunning, markOf } from './process/started.ts';
import { StartError } from './start-error.ts';

const markSchema = z.object({ pid: z.number(), started: z.string() });

/** One cluster at a time works in a data folder; the mark of one that was killed does not count. */
export async function lockData(path: string): Promise<() => Promise<void>> {
  const holder = markSchema.safeParse(await readMark(path));
  if (holder.success && holder.data.pid !== process.pid && isRunning(holder.data)) {
    throw new StartError(
      `the cluster of process ${holder.data.pid} works in ${dirname(path)}: end it, or choose ` +
        'another folder with --data DIR',
    );
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
