import { failoverCases } from './failover-cases.ts';
import type { Measured } from './failover-results.ts';
import type { FailoverRun } from './failover-run.ts';

const titles = [
  'case',
  'goal',
  'cluster',
  'runs',
  'client back, s',
  'frames again, s',
  'lost pings',
] as const;

const legend = `
Median / worst, from the fault on. Client back: both clients said "connected" again. Frames again:
the end of the longest silence between two ping replies; pings go out every 0.2 s. Never: not within
20 s of being back; a 5.01 client that met an unclean end of TLS connects again and carries nothing
until a server cures it. A run is two fresh clients on a hub of their own; several of them may share
a fault.
`;

/** The table as text, or as Markdown. */
export function tableOf(measured: readonly Measured[], isMarkdown: boolean): string {
  const body = measured.map(rowOf);
  if (!isMarkdown) return textTable([[...titles], ...body]) + legend;
  const rule = titles.map(() => '---');
  const lines = [[...titles], rule, ...body].map((cells) => `| ${cells.join(' | ')} |\n`);
  return lines.join('') + legend;
}

/** One run in a few words. */
export function runText(run: FailoverRun): string {
  const back = `back ${seconds(run.backMs)}, frames ${seconds(run.framesMs)}`;
  return `${back}, lost pings ${run.lostPings ?? 'without end'}`;
}

function rowOf({ cluster, name, runs, obstacle }: Measured): string[] {
  const { title, goal } = failoverCases[name];
  const head = [title, goal, cluster];
  if (obstacle !== undefined) return [...head, '0', obstacle, '', ''];
  return [
    ...head,
    String(runs.length),
    spread(runs, ({ backMs }) => backMs, seconds),
    spread(runs, ({ framesMs }) => framesMs, seconds),
    spread(
      runs,
      ({ lostPings }) => lostPings,
      (lost) => (lost === undefined ? 'without end' : String(lost)),
    ),
  ];
}

/** `median / worst`; what never came is the worst there is. */
function spread(
  runs: readonly FailoverRun[],
  pick: (run: FailoverRun) => number | undefined,
  text: (value: number | undefined) => string,
): string {
  if (runs.length === 0) return '-';
  const sorted = runs.map(pick).sort((a, b) => (a ?? Infinity) - (b ?? Infinity));
  const median = sorted[Math.floor((sorted.length - 1) / 2)];
  return `${text(median)} / ${text(sorted.at(-1))}`;
}

function seconds(ms: number | undefined): string {
  if (ms === undefined) return 'never';
  return ms === 0 ? 'stayed' : (ms / 1000).toFixed(1);
}

function textTable(rows: readonly (readonly string[])[]): string {
  const last = titles.length - 1;
  // An obstacle is longer than any number, and has the rest of its row to itself.
  const widths = titles.map((_, i) =>
    Math.max(...rows.filter((row) => row[last] !== '').map((row) => row[i]?.length ?? 0)),
  );
  const line = (row: readonly string[]) =>
    row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ');
  return rows.map((row) => `${line(row).trimEnd()}\n`).join('');
}
