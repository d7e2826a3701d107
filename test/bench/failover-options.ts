import { parseArgs } from 'node:util';
import { type CaseName, caseNames } from './failover-cases.ts';

export const clusterNames = ['etherfleet', 'genuine'] as const;
export type ClusterName = (typeof clusterNames)[number];

export interface BenchOptions {
  readonly runs: number;
  readonly cases: readonly CaseName[];
  readonly clusters: readonly ClusterName[];
  readonly outageMs: number;
  readonly isMarkdown: boolean;
}

const usage = `How long two genuine clients on a dynamic hub are without each other when something
fails: a genuine cluster and ours, with the same clients in the same namespaces. Needs root and
Debian's softether.

  npm run bench:failover -- [options]

  --runs N             runs of each case (default 10)
  --cases A,B          of ${caseNames.join(', ')} (default: all)
  --clusters A,B       of ${clusterNames.join(', ')} (default: both)
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
    runs: numberOf('--runs', values.runs),
    cases: chosen('--cases', values.cases, caseNames),
    clusters: chosen('--clusters', values.clusters, clusterNames),
    outageMs: numberOf('--outage-seconds', values['outage-seconds']) * 1000,
    isMarkdown: values.markdown,
  };
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
