import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { repositoryRoot } from '../constructs/repository-root.ts';
import { type Cluster, startCluster } from './cluster.ts';
import { DataFolder } from './data-folder.ts';
import { parseOptions } from './options.ts';
import { Progress } from './progress.ts';
import { fileTrouble, StartError } from './start-error.ts';
import { synthesize } from './synth/synthesize.ts';
import { systemClock } from './system.ts';
import { TemplateError } from './template/template.ts';
import { welcome } from './welcome.ts';

/** `npm` passes on a Ctrl-C the terminal has sent already: a second this soon is the same one. */
const sameSignalMs = 1_000;
const parentCheckMs = 500;

const scratch = join(repositoryRoot, '.local');
const options = parseOptions(process.argv.slice(2), repositoryRoot);
const progress = new Progress(
  (line) => process.stderr.write(`${line}\n`),
  () => systemClock.monotonicMs(),
);

let cluster: Cluster | undefined;
let stopRequestedMs: number | undefined;
process.on('SIGINT', stopOnSignal);
process.on('SIGTERM', stopOnSignal);
process.on('SIGHUP', stopOnSignal);
stopWithParent();

try {
  await main();
} catch (error) {
  process.stderr.write(`${told(error) ?? String(asError(error).stack)}\n`);
  process.exit(stopRequestedMs === undefined ? 1 : 130);
}

async function main(): Promise<void> {
  const startedMs = systemClock.monotonicMs();
  const { assembly, cached } = await progress.step('synthesizing the stack', () =>
    synthesize({
      root: repositoryRoot,
      folder: join(scratch, 'cdk.out'),
      environment: process.env,
      context: options.context,
    }),
  );
  if (cached) progress.note('  (sources unchanged since the last start)');
  const data = await DataFolder.open(options.dataFolder, scratch);
  cluster = await startCluster({ options, assembly, data, progress });
  const seconds = ((systemClock.monotonicMs() - startedMs) / 1_000).toFixed(1);
  progress.note(`ready after ${seconds} s`);
  process.stdout.write(welcome(cluster));
  if (options.demo) await runDemo(cluster);
}

/** The first signal ends everything in order; another one, later, at once. */
function stopOnSignal(): void {
  const nowMs = systemClock.monotonicMs();
  if (stopRequestedMs !== undefined) {
    // The reaper ends all processes that are left.
    if (nowMs - stopRequestedMs > sameSignalMs) process.exit(130);
    return;
  }
  stopRequestedMs = nowMs;
  progress.note('stopping ...');
  if (cluster === undefined) process.exit(130);
  cluster.stop().then(
    () => process.exit(0),
    (error: unknown) => {
      process.stderr.write(`${String(asError(error).stack)}\n`);
      process.exit(1);
    },
  );
}

/**
 * `npm start` runs this under a shell, and neither passes on the signal that ends it. So when that
 * shell is gone, so is who asked for the cluster. Without npm, it may outlive its shell.
 */
function stopWithParent(): void {
  if (process.env['npm_lifecycle_event'] === undefined) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    stopOnSignal();
  }, parentCheckMs);
  timer.unref();
}

/** `cdk/local/demo`, once it is there. */
async function runDemo(ready: Cluster): Promise<void> {
  const file = fileURLToPath(new URL('demo/demo.ts', import.meta.url));
  if (!existsSync(file)) {
    progress.note('--demo: this version has no demo');
    return;
  }
  const demo: unknown = await import(pathToFileURL(file).href);
  await (demo as { runDemo: (cluster: Cluster) => Promise<void> }).runDemo(ready);
}

/** What is the person's to mend, in a line; undefined: our own mistake. */
function told(error: unknown): string | undefined {
  const isTold = error instanceof StartError || error instanceof TemplateError;
  const message = isTold ? error.message : fileTrouble(error);
  return message === undefined ? undefined : `error: ${message}`;
}

function asError(value: unknown): Error {
  return value instanceof Error ? value : new Error(String(value));
}
