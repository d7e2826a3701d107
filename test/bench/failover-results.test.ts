import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Results } from './failover-results.ts';
import type { FailoverRun } from './failover-run.ts';
import { tableOf } from './failover-table.ts';

const back: FailoverRun = { backMs: 10_300, framesMs: 10_400, lostPings: 50 };
const never: FailoverRun = { backMs: 26_000, framesMs: undefined, lostPings: undefined };
const stayed: FailoverRun = { backMs: 0, framesMs: 0, lostPings: 0 };

test('what a file has is added to and printed in the order of the table', () => {
  const folder = mkdtempSync(join(tmpdir(), 'failover-results-'));
  try {
    const file = join(folder, 'results.json');
    const etherfleet = { cluster: 'etherfleet', obstacle: undefined };
    new Results(file).add({ ...etherfleet, name: 'store', runs: [stayed] });
    new Results(file).add({ ...etherfleet, name: 'member', runs: [back] });
    new Results(file).add({ ...etherfleet, name: 'member', runs: [back, never] });
    new Results(file).add({ cluster: 'genuine', name: 'store', runs: [], obstacle: 'has none' });
    const rows = new Results(file).rows();
    assert.deepEqual(
      rows.map(({ name, cluster, runs }) => [name, cluster, runs]),
      [
        ['member', 'etherfleet', [back, back, never]],
        ['store', 'etherfleet', [stayed]],
        ['store', 'genuine', []],
      ],
    );
    const [, , ...lines] = tableOf(rows, true).split('\n');
    const cells = lines.slice(0, 3).map((line) => line.split(' | ').slice(3));
    assert.deepEqual(cells, [
      ['3', '10.3 / 26.0', '10.4 / never', '50 / without end |'],
      ['1', 'stayed / stayed', 'stayed / stayed', '0 / 0 |'],
      ['0', 'has none', '', ' |'],
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
