import type { Network } from '#test/netns/network.ts';
import {
  inNetwork,
  machineLine,
  percentile,
  say,
  serverOf,
  sleep,
  startGenerator,
} from './bench-network.ts';
import { columns } from './columns.ts';
import { MemberHub } from './member-hub.ts';
import { cpuSeconds } from './process-cost.ts';
import { speedOptions } from './speed-options.ts';

/**
 * What a second agent process costs: `npm run bench:cores`. The same pairs of
 * sessions once in one hub of one process, and once spread over two hubs of two processes, each a
 * member. Forwarded for one second of CPU time of all processes together: on a machine whose cores
 * the generators take too, rates say nothing.
 */
const what = 'GB per CPU-second with all pairs in one agent process, and spread over two.';
const pairs = 8;
const rounds = 3;
const flow = { frameBytes: 1500, isAcknowledged: true, windowFrames: 512, batchFrames: 32 };
const warmMs = 1_500;

interface Share {
  readonly gb: number;
  readonly cpu: number;
  readonly lost: number;
}

const options = speedOptions('bench:cores', what, 3);
await inNetwork(async (network) => {
  say(machineLine());
  const members: MemberHub[] = [];
  for (const number of [1, 2]) {
    const host = await network.host(`member${number}`, { addresses: [`10.77.0.${number}`] });
    members.push(await MemberHub.start(host, options));
  }
  const alone: Share[][] = [];
  const spread: Share[][] = [];
  for (let round = 0; round < rounds; round += 1) {
    alone.push(await measure(network, members.slice(0, 1), options.runMs));
    spread.push(await measure(network, members, options.runMs));
  }
  const titles = ['processes', 'GB/CPU-s', 'share of each', 'lost'];
  say(columns(titles, [rowOf(alone), rowOf(spread)]));
});

/** All pairs at once, evenly over `members`, with a generator for each. */
async function measure(
  network: Network,
  members: readonly MemberHub[],
  runMs: number,
): Promise<Share[]> {
  const each = pairs / members.length;
  const loads = await Promise.all(
    members.map(async (member, index) => {
      const addresses = [`10.77.0.${9 + index}`];
      const host = await network.host(`load${index}`, { addresses });
      const generator = startGenerator(host);
      const logins = await member.logins(2 * each);
      const server = serverOf(member);
      await generator.call('connect', { server, logins, atOnce: 4, firstStation: 1 });
      const look = async () => ({
        cpu: cpuSeconds(await member.pids()),
        ...(await generator.call('counters', null)),
      });
      return { generator, host, look };
    }),
  );
  try {
    const all = <T>(ask: (load: (typeof loads)[number]) => Promise<T>) =>
      Promise.all(loads.map(ask));
    await all(({ generator }) => generator.call('startFlows', { pairs: each, ...flow }));
    await sleep(warmMs);
    const before = await all(({ look }) => look());
    await sleep(runMs);
    const after = await all(({ look }) => look());
    return after.map(({ bytes, cpu, lost }, index) => ({
      gb: (bytes - (before[index]?.bytes ?? 0)) / 1e9,
      cpu: cpu - (before[index]?.cpu ?? 0),
      lost: lost - (before[index]?.lost ?? 0),
    }));
  } finally {
    for (const { generator, host } of loads) {
      generator.kill();
      network.remove(host);
    }
  }
}

/** The median round, by what a CPU-second forwarded. */
function rowOf(measured: readonly (readonly Share[])[]): string[] {
  const total = (shares: readonly Share[], of: (share: Share) => number): number =>
    shares.reduce((sum, share) => sum + of(share), 0);
  const figures = measured.map((shares) => {
    const gb = total(shares, (share) => share.gb);
    return { gb, perCpu: gb / total(shares, ({ cpu }) => cpu), shares };
  });
  const middle = percentile(
    figures.map(({ perCpu }) => perCpu),
    0.5,
  );
  const median = figures.find(({ perCpu }) => perCpu === middle) ?? figures[0];
  const shares = (median?.shares ?? []).map(
    ({ gb }) => `${((100 * gb) / (median?.gb ?? 1)).toFixed(0)} %`,
  );
  const lost = measured.flat().reduce((sum, share) => sum + share.lost, 0);
  return [String(shares.length), middle.toFixed(3), shares.join(' and '), String(lost)];
}
