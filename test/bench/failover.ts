import { parseArgs } from 'node:util';
import { Network } from '#test/netns/network.ts';
import type { ClusterStart, Ending } from './failover-cluster.ts';
import { startEtherfleet } from './failover-etherfleet.ts';
import { startGenuine } from './failover-genuine.ts';
import { type FailoverRun, measureFailover } from './failover-run.ts';

/**
 * How long two genuine clients on a dynamic hub are without frames when their member ends: a
 * genuine cluster and ours in the same namespaces. `npm run bench:failover -- --runs 5`.
 */
const starts: ReadonlyMap<string, ClusterStart> = new Map([
  ['genuine', startGenuine],
  ['etherfleet', startEtherfleet],
]);

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '3' }, only: { type: 'string' } },
});
const runs = Number(values.runs);
const rows: string[][] = [];
for (const [name, start] of starts) {
  if (values.only !== undefined && values.only !== name) continue;
  rows.push(...(await measureCluster(name, start)));
}
print(['cluster', 'member ended by', 'clients back, s', 'no frames, s', 'frames again'], rows);

async function measureCluster(name: string, start: ClusterStart): Promise<string[][]> {
  const network = await Network.create('efbench');
  say(`${name}: starting`);
  const cluster = await start(network);
  const measured = new Map<Ending, FailoverRun[]>();
  let count = 0;
  for (const ending of cluster.endings) {
    for (let run = 1; run <= runs; run += 1) {
      const result = await measureFailover(network, cluster, ending, count);
      measured.set(ending, [...(measured.get(ending) ?? []), result]);
      say(`${name}: ${ending} ${run}/${runs}: ${JSON.stringify(result)}`);
      count += 1;
      await cluster.heal();
    }
  }
  await cluster.stop();
  network.close();
  return [...measured].map(([ending, results]) => [cluster.name, ending, ...columns(results)]);
}

function columns(results: readonly FailoverRun[]): string[] {
  const silences = results.map((result) => result.silenceMs);
  const returned = silences.filter((ms) => ms !== undefined).length;
  return [
    spread(results.map((result) => result.connectedMs)),
    spread(silences),
    `${returned} of ${results.length}`,
  ];
}

/** `p50 / max` in seconds; a run that never came back counts as the longest. */
function spread(times: readonly (number | undefined)[]): string {
  const sorted = times.map((ms) => ms ?? Infinity).sort((a, b) => a - b);
  const middle = sorted[Math.floor((sorted.length - 1) / 2)];
  return `${seconds(middle)} / ${seconds(sorted.at(-1))}`;
}

function seconds(ms = Infinity): string {
  return ms === Infinity ? 'never' : (ms / 1000).toFixed(1);
}

function print(titles: readonly string[], body: readonly (readonly string[])[]): void {
  const all = [titles, ...body];
  const widths = titles.map((_, i) => Math.max(...all.map((row) => row[i]?.length ?? 0)));
  for (const row of all) {
    process.stdout.write(`${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ')}\n`);
  }
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
