import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Reports } from '#node-agent/control/reports.ts';
import { heartbeatListMax, type SessionReport } from '#shared/contract/heartbeat.ts';
import { agentBodyBytesMax } from '#shared/contract/routes.ts';

function report(name: string, hub = 'HUB'): SessionReport {
  return {
    hub,
    name,
    user: 'alice',
    clientAddress: '192.0.2.1',
    clientHostname: 'pc',
    clientName: 'test',
    uniqueId: '',
    maxConnections: 1,
    bridge: false,
    monitor: false,
    openedMs: 0,
  };
}

const names = (list: readonly { name: string }[]): string[] => list.map(({ name }) => name);

describe('reports', () => {
  test('are told again and again until they are acknowledged', () => {
    const reports = new Reports();
    reports.opened(report('S1'));
    reports.released({ name: 'HUB', epoch: 3 });
    reports.done('order-1');
    const first = reports.take();
    assert.deepEqual(reports.take(), first);
    reports.acknowledge(first);
    assert.equal(reports.pending, 0);
  });

  test('what came up after a heartbeat was sent is not acknowledged by its answer', () => {
    const reports = new Reports();
    reports.opened(report('S1'));
    const first = reports.take();
    reports.opened(report('S2'));
    reports.done('late');
    reports.acknowledge(first);
    const second = reports.take();
    assert.deepEqual([names(second.opened), second.done], [['S2'], ['late']]);
  });

  test('a session that ended before anyone heard of it is not mentioned', () => {
    const reports = new Reports();
    reports.opened(report('S1'));
    reports.closed({ hub: 'hub', name: 's1' });
    assert.equal(reports.pending, 0);
  });

  test('a session that may have been heard of is closed after its opening was acknowledged', () => {
    const reports = new Reports();
    reports.opened(report('S1'));
    const unanswered = reports.take();
    reports.closed({ hub: 'HUB', name: 'S1' });
    const again = reports.take();
    assert.deepEqual([names(again.opened), names(again.closed)], [['S1'], []]);
    reports.acknowledge(unanswered);
    assert.deepEqual(names(reports.take().closed), ['S1']);
  });

  test('equal session names in two hubs are two sessions', () => {
    const reports = new Reports();
    reports.opened(report('S1', 'A'));
    reports.opened(report('S1', 'B'));
    reports.closed({ hub: 'A', name: 'S1' });
    assert.deepEqual(
      reports.take().opened.map(({ hub }) => hub),
      ['B'],
    );
  });

  for (const [count, now, later] of [
    [heartbeatListMax - 1, heartbeatListMax - 1, 0],
    [heartbeatListMax, heartbeatListMax, 0],
    [heartbeatListMax + 1, heartbeatListMax, 1],
  ] as const) {
    test(`${count} openings: ${now} in the next heartbeat, ${later} in the one after`, () => {
      const reports = new Reports();
      for (let n = 0; n < count; n++) reports.opened(report(`S${n}`));
      const first = reports.take();
      assert.equal(first.opened.length, now);
      reports.acknowledge(first);
      assert.equal(reports.take().opened.length, later);
    });
  }

  test('clients that choose long texts do not make a heartbeat too large to be taken', () => {
    const reports = new Reports();
    const clientName = '\u0001'.repeat(255); // six bytes each in JSON
    for (let n = 0; n < heartbeatListMax; n++) reports.opened({ ...report(`S${n}`), clientName });
    let told = 0;
    while (reports.pending > 0) {
      const batch = reports.take();
      assert.ok(batch.opened.length > 0);
      assert.ok(JSON.stringify(batch).length < agentBodyBytesMax / 2 + 1_000);
      told += batch.opened.length;
      reports.acknowledge(batch);
    }
    assert.equal(told, heartbeatListMax);
  });

  test('a new epoch is told who is here and nothing else', () => {
    const reports = new Reports();
    reports.opened(report('S1'));
    reports.take();
    reports.closed({ hub: 'HUB', name: 'S1' });
    reports.released({ name: 'HUB', epoch: 3 });
    reports.done('order-1');
    reports.restart([report('S2')]);
    const batch = reports.take();
    assert.deepEqual(names(batch.opened), ['S2']);
    assert.deepEqual([batch.closed, batch.released, batch.done], [[], [], []]);
  });
});
