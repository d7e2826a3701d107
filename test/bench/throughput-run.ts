import type { Network } from '#test/netns/network.ts';
import { serverOf, sleep, startGenerator } from './bench-network.ts';
import { cpuSeconds } from './process-cost.ts';
import type { ServerUnderTest } from './server-under-test.ts';

const windowFrames = 512;
const batchFrames = 32;
const warmMs = 1_500;

/** What a generator does. */
export interface Case {
  readonly pairs: number;
  readonly frameBytes: number;
  readonly isAcknowledged: boolean;
}

export interface Measured {
  readonly gb: number;
  readonly frames: number;
  readonly lost: number;
  readonly seconds: number;
  readonly serverCpu: number;
  readonly generatorCpu: number;
}

/** Let a generator of its own load the server for a while. */
export async function measureFlow(
  network: Network,
  server: ServerUnderTest,
  { pairs, ...flow }: Case,
  runMs: number,
): Promise<Measured> {
  const host = await network.host('load', { addresses: ['10.77.0.9'] });
  const generator = startGenerator(host);
  try {
    const logins = await server.logins(2 * pairs);
    await generator.call('connect', {
      server: serverOf(server),
      logins,
      atOnce: 4,
      firstStation: 1,
    });
    await generator.call('startFlows', { pairs, ...flow, windowFrames, batchFrames });
    await sleep(warmMs);
    const pids = await server.pids();
    const look = async () => ({
      atMs: performance.now(),
      cpu: cpuSeconds(pids),
      generatorCpu: cpuSeconds([generator.pid]),
      counters: await generator.call('counters', null),
    });
    const before = await look();
    await sleep(runMs);
    const after = await look();
    await generator.call('stopFlows', null);
    return {
      gb: (after.counters.bytes - before.counters.bytes) / 1e9,
      frames: after.counters.frames - before.counters.frames,
      lost: after.counters.lost - before.counters.lost,
      seconds: (after.atMs - before.atMs) / 1000,
      serverCpu: after.cpu - before.cpu,
      generatorCpu: after.generatorCpu - before.generatorCpu,
    };
  } finally {
    generator.kill();
    network.remove(host);
  }
}
