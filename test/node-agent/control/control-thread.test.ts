import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import {
  type ControlThreadData,
  prepareControlThread,
} from '#node-agent/control/control-thread.ts';
import { Reports } from '#node-agent/control/reports.ts';
import { controlLimits } from '#node-agent/limits.ts';
import { clockZeroMs, systemClock, systemRandom, systemTimers } from '#node-agent/system.ts';
import { silentLog } from '#shared/kernel/log.ts';
import { bundledMain } from '#test/support/agent-process.ts';
import { eventually } from '#test/support/eventually.ts';

const address = '127.0.0.1';

/** This thread does nothing else for so long: no timer, no message. */
function blockFor(durationMs: number): void {
  const endMs = systemClock.monotonicMs() + durationMs;
  while (systemClock.monotonicMs() < endMs);
}

describe('the control thread', () => {
  let child: ChildProcess;
  let thread: ReturnType<typeof prepareControlThread>;
  let failure: Error | undefined;
  let isActive = false;
  let stop: () => void = () => undefined;

  const heartbeats = async (): Promise<number> => {
    child.send('how many?');
    const [answer] = (await once(child, 'message')) as [{ heartbeats: number }];
    return answer.heartbeats;
  };

  before(async () => {
    const script = fileURLToPath(new URL('../../support/plane-process.ts', import.meta.url));
    child = fork(script, { execArgv: ['--import', 'tsx'] });
    const [at] = (await once(child, 'message')) as [{ plane: string; imds: string }];
    const data: Omit<ControlThreadData, 'shared'> = {
      config: { agentApiUrl: at.plane, region: 'eu-central-1', listen: { address, port: 0 } },
      metadataEndpoint: at.imds,
      localAddress: address,
      clockZeroMs,
    };
    thread = prepareControlThread(pathToFileURL(bundledMain()), data, (error) => {
      failure = error;
    });
    const control = thread.createControl({
      api: undefined as never, // the thread has its own
      clock: systemClock,
      timers: systemTimers,
      random: systemRandom,
      log: silentLog,
      limits: controlLimits,
      right: thread.right,
      reports: new Reports(),
      joinRequest: () => ({
        ...{ address, ports: [443], certificate: '', weight: 100, capacity: 1 },
        agentVersion: 'test',
      }),
      observe: () => ({ state: 'active', sessions: 0, connections: 0, hubs: 0 }),
      onJoined: () => undefined,
      onDesired: ({ state }) => {
        isActive = state === 'active';
      },
      onEpochOver: () => undefined,
      onTerminated: () => undefined,
    });
    await control.start();
    stop = () => control.stop();
    await eventually(() => (isActive ? undefined : `not active: ${failure?.message}`), 10_000);
  });

  after(async () => {
    stop();
    thread.end();
    child.disconnect();
    await once(child, 'exit');
  });

  test('sends heartbeats while the data plane works without a pause', async () => {
    const count = await heartbeats();
    blockFor(2_000);
    const isHeld = thread.right.held(systemClock.monotonicMs()); // 600 ms, were it not renewed
    assert.equal(isHeld, true);
    const sent = (await heartbeats()) - count;
    assert(sent >= 7, `${sent} heartbeats in 2 s, one each 200 ms`);
  });

  test('does not speak for a data plane that stands still', async () => {
    const count = await heartbeats();
    blockFor(controlLimits.stallMs + 3_000);
    assert.equal(thread.right.held(systemClock.monotonicMs()), false);
    const sent = (await heartbeats()) - count;
    assert(sent < controlLimits.stallMs / 200 + 5, `${sent} heartbeats`);
    await eventually(
      () => (thread.right.held(systemClock.monotonicMs()) ? undefined : 'no lease again'),
      5_000,
    );
  });
});
