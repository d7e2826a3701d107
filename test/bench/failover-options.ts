import { parseArgs } from 'node:util';
import { type CaseName, caseNames, failoverCases } from './failover-cases.ts';

export const clusterNames = ['etherfleet', 'genuine'] as const;
export type ClusterName = (typeof clusterNames)[number];

export interface BenchOptions {
  readonly runs: number;
  readonly cases: readonly CaseName[];
  readonly clusters: readonly ClusterName[];
  readonly outageMs: number;
  /** Pairs of clients at once; what is usual for the case if left out. */
  readonly pairs: number | undefined;
  /** Where results are kept. */
  readonly file: string | undefined;
  readonly isMarkdown: boolean;
}

/** Sessions in an outage only wait: five pairs load the machine less than one that returns. */
const pairsOfOutage = 5;

const usage = `How long two genuine clients on a dynamic hub are without each other when something
fails: a genuine cluster and ours, with the same clients in the same namespaces. Needs root and
Debian's softether.

  npm run bench:failover -- [options]

  --runs N             runs of each case (default 10)
  --cases A,B          of ${caseNames.join(', ')} (default: all)
  --clusters A,B       of ${clusterNames.join(', ')} (default: both)
  --pairs N            pairs of clients at once, each on a hub of its own: those on one member, in
                       an outage all, are runs (default 1, in an outage ${pairsOfOutage})
  --file FILE          add the results to those in FILE, and print all; with --runs 0 only that
  --outage-seconds N   how long the front door and DynamoDB are away (default 180)
  --markdown           print the table as Markdown
  --help
`;

/** The command line; undefined after `--help`, an error for what it cannot mean. */
export function benchOptions(args: readonly string[]): BenchOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      runs: { type: 'string', default: '10' },
      cases: { type: 'string', default: caseNames.join() },
      clusters: { type: 'string', default: clusterNames.join() },
      pairs: { type: 'string' },
      file: { type: 'string' },
      'outage-seconds': { type: 'string', default: '180' },
      markdown: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return undefined;
  }
  return {
    runs: values.runs === '0' ? 0 : numberOf('--runs', values.runs),
    cases: chosen('--cases', values.cases, caseNames),
    clusters: chosen('--clusters', values.clusters, clusterNames),
    pairs: values.pairs === undefined ? undefined : numberOf('--pairs', values.pairs),
    file: values.file,
    outageMs: numberOf('--outage-seconds', values['outage-seconds']) * 1000,
    isMarkdown: values.markdown,
  };
}

/** How many pairs of clients a case is done to at once; a fault hits only some of them. */
export function pairsAtOnce(name: CaseName, { pairs, runs }: BenchOptions): number {
  return failoverCases[name].isOutage ? Math.min(pairs ?? pairsOfOutage, runs) : (pairs ?? 1);
}

/** Those of `all` that `text` names, in their own order. */
function chosen<T extends string>(option: string, text: string, all: readonly T[]): T[] {
  const names = text.split(',');
  const unknown = names.find((name) => !all.some((one) => one === name));
  if (unknown !== undefined) throw new Error(`${option}: there is no "${unknown}"; see --help`);
  return all.filter((one) => names.includes(one));
}

function numberOf(option: string, text: string): number {
  if (!/^[1-9]\d{0,4}$/.test(text)) throw new Error(`${option} takes a number from 1 on`);
  return Number(text);
}
