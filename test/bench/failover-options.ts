import { amount, someOf, tool, wholeNumber } from '#test/support/command-line.ts';
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

const what =
  'How long two genuine clients on a dynamic hub are without each other when something fails: a ' +
  'genuine cluster and ours, with the same clients in the same namespaces. Needs root and ' +
  'Debian’s softether.';

/** The command line. */
export function benchOptions(): BenchOptions {
  const given = tool('bench:failover', what)
    .option('--runs <N>', 'of each case', wholeNumber(0, 99_999), 10)
    .option('--cases <A,B>', 'what fails', someOf(caseNames), caseNames)
    .option('--clusters <A,B>', 'whose', someOf(clusterNames), clusterNames)
    .option(
      '--pairs <N>',
      'pairs of clients at once, each on a hub of its own: those on one member, in an outage ' +
        `all, are runs (default: 1, in an outage ${pairsOfOutage})`,
      wholeNumber(1, 99_999),
    )
    .option('--file <FILE>', 'add the results to those in it; with --runs 0 only print them')
    .option('--outage-seconds <N>', 'front door and DynamoDB are away', amount(86_400), 180)
    .option('--markdown', 'print the table as Markdown', false)
    .parse()
    .opts<Given>();
  const { outageSeconds, markdown, ...rest } = given;
  return { ...rest, outageMs: outageSeconds * 1_000, isMarkdown: markdown };
}

interface Given extends Omit<BenchOptions, 'outageMs' | 'isMarkdown'> {
  readonly outageSeconds: number;
  readonly markdown: boolean;
}

/** How many pairs of clients a case is done to at once; a fault hits only some of them. */
export function pairsAtOnce(name: CaseName, { pairs, runs }: BenchOptions): number {
  return failoverCases[name].isOutage ? Math.min(pairs ?? pairsOfOutage, runs) : (pairs ?? 1);
}
