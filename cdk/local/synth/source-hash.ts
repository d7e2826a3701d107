import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Everything the synthesized template and its bundles are made from. */
const sources = [
  'cdk',
  'functions',
  'node-agent',
  'shared',
  'cdk.json',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
];
/** The local stack is not part of what it deploys. */
const excluded = 'cdk/local';

/** A hash of the content of all sources; equal sources give equal templates. */
export async function sourceHash(root: string): Promise<string> {
  const hash = createHash('sha256');
  for (const source of sources) {
    for (const file of await filesUnder(root, source)) {
      hash
        .update(`${file}\0`)
        .update(await readFile(join(root, file)))
        .update('\0');
    }
  }
  return hash.digest('hex').slice(0, 16);
}

async function filesUnder(root: string, path: string): Promise<string[]> {
  if (path === excluded) return [];
  try {
    const entries = await readdir(join(root, path));
    const lists = await Promise.all(
      entries.sort().map((entry) => filesUnder(root, `${path}/${entry}`)),
    );
    return lists.flat();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return [path];
    throw error;
  }
}
