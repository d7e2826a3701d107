import { availableParallelism, loadavg } from 'node:os';
import { Network } from '#test/netns/network.ts';
import { type CaseName, failoverCases } from './failover-cases.ts';
import type { ClusterStart, ClusterUnderTest } from './failover-cluster.ts';
import { startEtherfleet } from './failover-etherfleet.ts';
import { startGenuine } from './failover-genuine.ts';
import {
  type BenchOptions,
  benchOptions,
  type ClusterName,
  pairsAtOnce,
} from './failover-options.ts';
import { Results } from './failover-results.ts';
import { type FailoverRun, measureFailover, type Trial } from './failover-run.ts';
import { type PlannedRun, Schedule } from './failover-schedule.ts';
import { runText, tableOf } from './failover-table.ts';

const starts: Readonly<Record<ClusterName, ClusterStart>> = {
  etherfleet: startEtherfleet,
  genuine: startGenuine,
};

const attemptsMax = 2;

await main(benchOptions());

async function main(options: BenchOptions): Promise<void> {
  const { cases, clusters, runs, isMarkdown } = options;
  const planned = clusters.flatMap((cluster) =>
    cases.flatMap((name) => Array.from({ length: runs }, () => plannedRun(cluster, name, options))),
  );
  const schedule = new Schedule(planned);
  const results = new Results(options.file);
  const print = () => process.stdout.write(tableOf(results.rows(), isMarkdown));
  // Before the network's own listener, which cleans up and ends the process.
  const onInterrupt = () => {
    print();
    if (process.listenerCount('SIGINT') === 0) process.exit(130);
  };
  process.prependOnceListener('SIGINT', onInterrupt);
  if (runs > 0) {
    for (const cluster of clusters) await measureCluster(cluster, options, schedule, results);
  }
  process.off('SIGINT', onInterrupt);
  print();
}

function plannedRun(cluster: ClusterName, name: CaseName, options: BenchOptions): PlannedRun {
  const { guessMs, isOutage } = failoverCases[name];
  const tookMs = guessMs + (isOutage ? options.outageMs : 0);
  return { group: `${cluster} ${name}`, guessMs: tookMs / pairsAtOnce(name, options) };
}

/** All cases of one cluster. */
async function measureCluster(
  clusterName: ClusterName,
  options: BenchOptions,
  schedule: Schedule,
  results: Results,
): Promise<void> {
  const { cases, runs, outageMs } = options;
  const network = await Network.create('efbench');
  try {
    say(`${clusterName}: starting; all in all about ${minutes(schedule.remainingMs)}`);
    const pairsMax = Math.max(...cases.map((name) => pairsAtOnce(name, options)));
    const cluster = await starts[clusterName](network, pairsMax);
    for (const name of cases) {
      const group = `${clusterName} ${name}`;
      const row = { cluster: cluster.title, name, obstacle: cluster.obstacle(name) };
      const { obstacle } = row;
      if (obstacle !== undefined) {
        results.add({ ...row, runs: [] });
        say(`${group}: not possible: ${obstacle}`);
        schedule.drop(group, runs);
        continue;
      }
      for (let done = 0; done < runs; ) {
        const startedMs = Date.now();
        const usual = pairsAtOnce(name, options);
        const pairs = failoverCases[name].isOutage ? Math.min(usual, runs - done) : usual;
        const measured = await measureRuns(network, cluster, { name, outageMs, pairs });
        results.add({ ...row, runs: measured });
        await cluster.heal();
        const count = Math.max(1, measured.length);
        const tookMs = (Date.now() - startedMs) / count;
        for (let i = 0; i < count; i += 1) schedule.done(group, tookMs);
        done += count;
        for (const run of measured) say(`${group}: ${runText(run)}`);
        say(`${group} ${done}/${runs}; ${minutes(schedule.remainingMs)} to go; ${load()}`);
      }
    }
    await cluster.stop();
  } finally {
    network.close();
  }
}

/** A run that could not even be set up is tried once more: genuine programs are moody. */
async function measureRuns(
  network: Network,
  cluster: ClusterUnderTest,
  trial: Trial,
): Promise<FailoverRun[]> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await measureFailover(network, cluster, trial);
    } catch (error) {
      if (attempt === attemptsMax) {
        process.exitCode = 1;
        say(`${trial.name}: not measured: ${String(error)}`);
        return [];
      }
      say(`${trial.name}: once more: ${String(error)}`);
      await cluster.heal();
    }
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
