import { availableParallelism, loadavg } from 'node:os';
import { Network } from '#test/netns/network.ts';
import { type CaseName, failoverCases } from './failover-cases.ts';
import type { ClusterStart, ClusterUnderTest } from './failover-cluster.ts';
import { startEtherfleet } from './failover-etherfleet.ts';
import { startGenuine } from './failover-genuine.ts';
import { type BenchOptions, benchOptions, type ClusterName } from './failover-options.ts';
import { type FailoverRun, measureFailover } from './failover-run.ts';
import { type PlannedRun, Schedule } from './failover-schedule.ts';
import { type Measured, runText, tableOf } from './failover-table.ts';

const starts: Readonly<Record<ClusterName, ClusterStart>> = {
  etherfleet: startEtherfleet,
  genuine: startGenuine,
};

const attemptsMax = 2;

const options = readOptions();
if (options !== undefined) await main(options);

async function main(options: BenchOptions): Promise<void> {
  const { cases, clusters, runs, isMarkdown } = options;
  const planned = clusters.flatMap((cluster) =>
    cases.flatMap((name) => Array.from({ length: runs }, () => plannedRun(cluster, name, options))),
  );
  const schedule = new Schedule(planned);
  const measured: Measured[] = [];
  const print = () => {
    const ordered = cases.flatMap((name) => measured.filter((row) => row.name === name));
    process.stdout.write(tableOf(ordered, isMarkdown));
  };
  // Before the network's own listener, which cleans up and ends the process.
  const onInterrupt = () => {
    print();
    if (process.listenerCount('SIGINT') === 0) process.exit(130);
  };
  process.prependOnceListener('SIGINT', onInterrupt);
  for (const cluster of clusters) await measureCluster(cluster, options, schedule, measured);
  process.off('SIGINT', onInterrupt);
  print();
}

function plannedRun(cluster: ClusterName, name: CaseName, { outageMs }: BenchOptions): PlannedRun {
  const { guessMs, isOutage } = failoverCases[name];
  return { group: `${cluster} ${name}`, guessMs: guessMs + (isOutage ? outageMs : 0) };
}

/** All cases of one cluster; rows are added to `measured` as they are begun. */
async function measureCluster(
  clusterName: ClusterName,
  { cases, runs, outageMs }: BenchOptions,
  schedule: Schedule,
  measured: Measured[],
): Promise<void> {
  const network = await Network.create('efbench');
  try {
    say(`${clusterName}: starting; all in all about ${minutes(schedule.remainingMs)}`);
    const cluster = await starts[clusterName](network);
    for (const name of cases) {
      const group = `${clusterName} ${name}`;
      const results: FailoverRun[] = [];
      const obstacle = cluster.obstacle(name);
      measured.push({ cluster: cluster.title, name, runs: results, obstacle });
      if (obstacle !== undefined) {
        say(`${group}: not possible: ${obstacle}`);
        schedule.drop(group, runs);
        continue;
      }
      for (let run = 1; run <= runs; run += 1) {
        const startedMs = Date.now();
        const text = await measureRun(network, cluster, name, outageMs, results);
        await cluster.heal();
        schedule.done(group, Date.now() - startedMs);
        say(`${group} ${run}/${runs}: ${text}; ${minutes(schedule.remainingMs)} to go; ${load()}`);
      }
    }
    await cluster.stop();
  } finally {
    network.close();
  }
}

/** A run that could not even be set up is tried once more: genuine programs are moody. */
async function measureRun(
  network: Network,
  cluster: ClusterUnderTest,
  name: CaseName,
  outageMs: number,
  results: FailoverRun[],
): Promise<string> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const result = await measureFailover(network, cluster, name, outageMs);
      results.push(result);
      return runText(result);
    } catch (error) {
      if (attempt === attemptsMax) {
        process.exitCode = 1;
        return `not measured: ${String(error)}`;
      }
      say(`${name}: once more: ${String(error)}`);
      await cluster.heal();
    }
  }
}

function readOptions(): BenchOptions | undefined {
  try {
    return benchOptions(process.argv.slice(2));
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    process.exitCode = 2;
    return undefined;
  }
}

function minutes(ms: number): string {
  return ms < 60_000 ? `${Math.ceil(ms / 1000)} s` : `${Math.ceil(ms / 60_000)} min`;
}

/** Recovery times of a busy machine are those of a busy machine. */
function load(): string {
  return `load ${loadavg()[0]?.toFixed(1)} on ${availableParallelism()} cores`;
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
