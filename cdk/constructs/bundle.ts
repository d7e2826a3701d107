import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { buildSync } from 'esbuild';
import { repositoryRoot } from './repository-root.ts';

export interface Program {
  /** Path of its first module in the repository. */
  readonly entryPoint: string;
  /** What the one file it becomes is called, `….mjs`; its source map is beside it. */
  readonly fileName: string;
  readonly minify: boolean;
}

/** The node agent: one program, whose threads run the same file in another role. */
export const memberProgram: Program = {
  entryPoint: 'node-agent/main.ts',
  fileName: 'main.mjs',
  minify: false,
};

/**
 * What zips carry to Lambda and to members' machines, where it is read by somebody who is not its
 * owner. Said outright: whoever deploys may have an umask that lets nobody else read.
 */
const readableByAll = 0o644;

/**
 * Write a program as one ES module for Node 20 and later, everything inside, and its source map.
 * The banner gives bundled CommonJS packages the `require` they expect. What is written depends on
 * the sources only, so that equal sources are one asset wherever and whenever they are bundled.
 */
export function bundle({ entryPoint, fileName, minify }: Program, outputDirectory: string): void {
  const { outputFiles } = buildSync({
    absWorkingDir: repositoryRoot,
    entryPoints: [entryPoint],
    outfile: `${outputDirectory}/${fileName}`,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    mainFields: ['module', 'main'],
    banner: {
      js:
        "import{createRequire as __createRequire}from'node:module';" +
        'const require=__createRequire(import.meta.url);',
    },
    minify,
    keepNames: true, // logs name error classes
    sourcemap: true,
    sourcesContent: false,
    logLevel: 'warning',
    write: false,
  });
  for (const { path, text } of outputFiles) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, path.endsWith('.map') ? relocated(text, dirname(path)) : text);
    chmodSync(path, readableByAll);
  }
}

/** A source map whose sources are named from the repository, not from a temporary folder. */
function relocated(sourceMap: string, folder: string): string {
  const map = JSON.parse(sourceMap) as { sources: string[] };
  map.sources = map.sources.map((source) => relative(repositoryRoot, resolve(folder, source)));
  return JSON.stringify(map);
}
