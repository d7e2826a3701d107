import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { FunctionPool } from '#cdk/local/lambda/function-pool.ts';
import type { LocalFunction } from '#cdk/local/lambda/function-process.ts';
import { LogFile } from '#cdk/local/log-file.ts';
import { Reaper } from '#cdk/local/process/reaper.ts';
import { systemClock, systemTimers } from '#cdk/local/system.ts';
import { eventually } from '#test/support/eventually.ts';

const fixtures = fileURLToPath(new URL('../../fixtures/functions', import.meta.url));

/** A function of test/fixtures/functions. */
export function fixtureFunction(
  folder: string,
  changes: Partial<LocalFunction> = {},
): LocalFunction {
  const directory = join(fixtures, folder);
  return {
    name: folder,
    arn: `arn:aws:lambda:eu-central-1:000000000000:function:${folder}`,
    directory,
    handler: 'index.handler',
    timeoutMs: 10_000,
    memoryMb: 128,
    credentials: { accessKeyId: 'A', secretAccessKey: 'S', sessionToken: 'T', expiresMs: 0 },
    environment: {
      _HANDLER: 'index.handler',
      LAMBDA_TASK_ROOT: directory,
      AWS_LAMBDA_FUNCTION_NAME: folder,
      TABLE_NAME: 'State',
    },
    ...changes,
  };
}

/** A pool, and where its processes' output goes. */
export interface PoolUnderTest {
  readonly pool: FunctionPool;
  readonly logPath: string;
}

/** A pool that ends with the test, all of its processes too. */
export function startPool(context: TestContext, spec: LocalFunction): PoolUnderTest {
  const logPath = join(mkdtempSync(join(tmpdir(), 'etherfleet-pool-')), 'function.log');
  const log = new LogFile(logPath);
  const reaper = new Reaper();
  const pool = new FunctionPool(spec, { log, reaper, clock: systemClock, timers: systemTimers });
  context.after(async () => {
    pool.stop();
    await eventually(() => (pool.size === 0 ? undefined : `${pool.size} processes left`), 5_000);
    reaper.stop();
    log.close();
  });
  return { pool, logPath };
}
