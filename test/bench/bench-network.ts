import { availableParallelism, cpus, loadavg } from 'node:os';
import type { Host } from '#test/netns/host.ts';
import { Network } from '#test/netns/network.ts';
import type { Generator } from './generator.ts';
import type { ServerAddress } from './open-session.ts';
import { RemoteProcess } from './remote-calls.ts';
import type { ServerUnderTest } from './server-under-test.ts';

/** Run a bench in a network of its own, which is gone afterwards. */
export async function inNetwork(run: (network: Network) => Promise<void>): Promise<void> {
  const network = await Network.create('efspeed');
  try {
    await run(network);
  } finally {
    network.close();
  }
}

export function startGenerator(host: Host): RemoteProcess<Generator> {
  const script = new URL('generator.ts', import.meta.url);
  return new RemoteProcess<Generator>(script, (argv) => host.inside(argv));
}

/** What a generator must know of a server. */
export function serverOf({ address, port, hub }: ServerUnderTest): ServerAddress {
  return { address, port, hub };
}

/** What the figures depend on. */
export function machineLine(): string {
  const [load = 0] = loadavg();
  const model = cpus()[0]?.model ?? 'unknown';
  return `${availableParallelism()} x ${model}, load ${load.toFixed(1)} before the start`;
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** The value below which this share of the values lies. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}
