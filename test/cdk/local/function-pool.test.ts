import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { processesMax, waitingMax } from '#cdk/local/lambda/function-pool.ts';
import type { Outcome } from '#cdk/local/lambda/function-process.ts';
import { eventually } from '#test/support/eventually.ts';
import { fixtureFunction, startPool } from './pool.ts';

interface Echo {
  readonly event: unknown;
  readonly invocations: number;
  readonly pid: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly context: { readonly awsRequestId: string; readonly functionName: string };
}

function echoed(outcome: Outcome): Echo {
  assert.equal(outcome.kind, 'answer', JSON.stringify(outcome));
  return JSON.parse(outcome.kind === 'answer' ? outcome.payload : '');
}

test('a function gets its event, a context, and no environment but its own', async (context) => {
  const { pool } = startPool(context, fixtureFunction('echo'));
  const echo = echoed(await pool.invoke({ hello: 'world' }));
  assert.deepEqual(echo.event, { hello: 'world' });
  assert.equal(echo.context.functionName, 'echo');
  assert.match(echo.context.awsRequestId, /^[0-9a-f-]{36}$/);
  assert.equal(echo.environment['TABLE_NAME'], 'State');
  assert.equal(echo.environment['PATH'], undefined);
  assert.equal(echo.environment['HOME'], undefined);
});

test('one invocation after another stays in the one warm process', async (context) => {
  const { pool } = startPool(context, fixtureFunction('echo'));
  const first = echoed(await pool.invoke({}));
  const second = echoed(await pool.invoke({}));
  assert.equal(second.pid, first.pid);
  assert.equal(second.invocations, 2);
  assert.equal(pool.size, 1);
});

test('invocations at one time each have a process, up to a limit', async (context) => {
  const { pool } = startPool(context, fixtureFunction('echo'));
  const all = await Promise.all(
    Array.from({ length: processesMax + 4 }, () => pool.invoke({ waitMs: 200 })),
  );
  const processes = new Set(all.map((outcome) => echoed(outcome).pid));
  assert.ok(processes.size > 1, 'nothing ran at the same time');
  assert.ok(processes.size <= processesMax, `${processes.size} processes`);
});

test('invocations beyond the waiting limit are throttled', async (context) => {
  const { pool } = startPool(context, fixtureFunction('echo'));
  const waiting = Array.from({ length: waitingMax }, () => pool.invoke({}));
  assert.deepEqual(await pool.invoke({}), { kind: 'throttled' });
  pool.stop();
  assert.ok((await Promise.all(waiting)).every(({ kind }) => kind !== 'answer'));
});

test('an invocation that outlives its timeout is ended, the next one runs', async (context) => {
  const { pool } = startPool(context, fixtureFunction('echo', { timeoutMs: 300 }));
  echoed(await pool.invoke({}));
  const outcome = await pool.invoke({ forever: true });
  assert.deepEqual(outcome, {
    kind: 'error',
    errorType: 'Sandbox.Timedout',
    errorMessage: 'Task timed out after 0.30 seconds',
  });
  echoed(await pool.invoke({}));
});

test('a process that crashes fails its own invocation only', async (context) => {
  const { pool } = startPool(context, fixtureFunction('echo'));
  const [crashed, other] = await Promise.all([
    pool.invoke({ waitMs: 50, exit: 7 }),
    pool.invoke({ waitMs: 300 }),
  ]);
  assert.equal(crashed.kind === 'error' && crashed.errorType, 'Runtime.ExitError');
  echoed(other);
});

test('what a function throws is its answer, its process lives on', async (context) => {
  const { pool } = startPool(context, fixtureFunction('echo'));
  const first = echoed(await pool.invoke({}));
  const thrown = await pool.invoke({ throw: 'too far' });
  assert.deepEqual(thrown, { kind: 'error', errorType: 'RangeError', errorMessage: 'too far' });
  assert.equal(echoed(await pool.invoke({})).pid, first.pid);
});

test('a module that does not load fails the invocations that wanted it', async (context) => {
  const { pool, logPath } = startPool(context, fixtureFunction('broken'));
  const outcomes = await Promise.all([pool.invoke({}), pool.invoke({})]);
  for (const outcome of outcomes) {
    assert.equal(outcome.kind === 'error' && outcome.errorType, 'Runtime.InitError');
  }
  assert.match(readFileSync(logPath, 'utf8'), /this module does not load/);
});

test('what a function prints is in its log', async (context) => {
  const { pool, logPath } = startPool(context, fixtureFunction('echo'));
  await pool.invoke({ print: 'one line' });
  await eventually(
    () => (readFileSync(logPath, 'utf8').includes('one line\n') ? undefined : 'no such line'),
    2_000,
  );
});

test('memory is capped at the setting: the process ends, the next one runs', async (context) => {
  const { pool } = startPool(context, fixtureFunction('echo', { memoryMb: 64 }));
  const outcome = await pool.invoke({ fillMb: 400 });
  assert.equal(outcome.kind === 'error' && outcome.errorType, 'Runtime.ExitError');
  echoed(await pool.invoke({}));
});

test('events and answers beyond 6 MiB are refused, each by its name', async (context) => {
  const { pool } = startPool(context, fixtureFunction('echo'));
  const large = 6 * 1024 * 1024;
  const event = await pool.invoke({ text: 'x'.repeat(large) });
  assert.equal(event.kind === 'error' && event.errorType, 'RequestTooLargeException');
  const answer = await pool.invoke({ answerBytes: large });
  assert.equal(answer.kind === 'error' && answer.errorType, 'Function.ResponseSizeTooLarge');
});

test('a reserved concurrency is the most that runs at a time', async (context) => {
  const { pool } = startPool(context, fixtureFunction('echo', { reservedConcurrency: 2 }));
  await Promise.all([1, 2, 3, 4].map(() => pool.invoke({ waitMs: 50 })));
  assert.equal(pool.size, 2);
});
