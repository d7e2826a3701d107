import { buildSync } from 'esbuild';
import { esbuildOptions } from './esbuild-options.ts';
import { repositoryRoot } from './repository-root.ts';

/** One program: its threads run the same file in another role. */
const entryPoint = 'node-agent/main.ts';

/** Write the node agent as `main.mjs` and its source map into a directory. */
export function bundleMember(outputDirectory: string): void {
  buildSync({
    absWorkingDir: repositoryRoot,
    entryPoints: [entryPoint],
    outdir: outputDirectory,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: esbuildOptions.target,
    mainFields: [...esbuildOptions.mainFields],
    banner: { js: esbuildOptions.banner },
    keepNames: true,
    sourcemap: true,
    sourcesContent: false,
    logLevel: 'warning',
  });
}
