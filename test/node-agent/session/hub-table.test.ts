import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { HubTable, type OpenOutcome, type ReleasedHub } from '#node-agent/session/hub-table.ts';
import { HubInstance } from '#node-agent/switch/hub-instance.ts';
import type { HubConfig } from '#shared/contract/hub.ts';
import { SessionBench } from './session-bench.ts';

const idleReleaseMs = 60_000;
const closedEpochMs = 120_000;

let bench: SessionBench;
let table: HubTable;
let released: ReleasedHub[];

beforeEach(() => {
  bench = new SessionBench();
  released = [];
  table = new HubTable({
    hubsMax: 3,
    idleReleaseMs,
    closedEpochMs,
    nowMs: () => bench.time.monotonicMs(),
    createInstance: ({ name }) =>
      new HubInstance({ name, clock: bench.time, mayForward: () => true, seed: 1 }),
    createSendBudget: () => bench.budget,
    onReleased: (hub) => released.push(hub),
    onEnded: () => undefined,
  });
});

function hub(kind: HubConfig['kind'], changed: Partial<HubConfig> = {}): HubConfig {
  return { name: 'HUB', kind, version: 1, online: true, ...changed };
}

function said(outcome: OpenOutcome): string {
  return outcome.kind === 'open' ? `open at ${outcome.hub.epoch}` : outcome.reason;
}

/** A session on the hub, as a ticket login makes one. */
function enter(outcome: OpenOutcome): ReturnType<SessionBench['session']> {
  assert.ok(outcome.kind === 'open');
  const session = bench.session({
    hub: outcome.hub.instance,
    onClosed: (closed, reason) => {
      bench.closed.push(reason);
      table.removeSession(outcome.hub, closed);
    },
  });
  table.addSession(outcome.hub, session);
  return session;
}

describe('epochs only grow (I3)', () => {
  test('the same epoch again is the same instance', () => {
    const first = table.open(hub('dynamic'), 5);
    const again = table.open(hub('dynamic', { name: 'hub' }), 5);
    assert.ok(first.kind === 'open' && again.kind === 'open');
    assert.equal(first.hub, again.hub);
  });

  test('a newer epoch ends the older instance, its sessions with it', () => {
    enter(table.open(hub('dynamic'), 5));
    assert.equal(said(table.open(hub('dynamic'), 6)), 'open at 6');
    assert.deepEqual(bench.closed, ['hub-moved']);
    assert.deepEqual(released, []);
    assert.equal(table.size, 1);
  });

  test('an older epoch changes nothing', () => {
    const session = enter(table.open(hub('dynamic'), 5));
    assert.equal(said(table.open(hub('dynamic'), 4)), 'older-epoch');
    assert.equal(session.isClosed, false);
    session.close('stopping');
  });

  test('a placement that was given back is not opened again; the next one is', () => {
    const opened = table.open(hub('dynamic'), 5);
    assert.ok(opened.kind === 'open');
    table.close(opened.hub, 'drain');
    assert.deepEqual(released, [{ name: 'HUB', epoch: 5 }]);
    assert.equal(said(table.open(hub('dynamic'), 5)), 'released');
    assert.equal(said(table.open(hub('dynamic'), 4)), 'older-epoch');
    assert.equal(said(table.open(hub('dynamic'), 6)), 'open at 6');
  });

  test('what was closed is forgotten when no ticket for it can be left', () => {
    const opened = table.open(hub('dynamic'), 5);
    assert.ok(opened.kind === 'open');
    table.abandon(opened.hub, 'epoch-over');
    assert.deepEqual(released, []);
    bench.time.advance(closedEpochMs - 1);
    table.sweep();
    assert.equal(said(table.open(hub('dynamic'), 5)), 'released');
    bench.time.advance(1);
    table.sweep();
    assert.equal(said(table.open(hub('dynamic'), 5)), 'open at 5');
  });
});

describe('configuration', () => {
  test('going offline ends the sessions and lets nobody in; an older version is ignored', () => {
    enter(table.open(hub('static', { version: 2 }), 0));
    table.configure(hub('static', { version: 1, online: false }));
    assert.deepEqual(bench.closed, []);
    table.configure(hub('static', { version: 3, online: false }));
    assert.deepEqual(bench.closed, ['hub-offline']);
    assert.equal(said(table.open(hub('static', { version: 2 }), 0)), 'hub-offline');
    assert.equal(said(table.open(hub('static', { version: 4 }), 0)), 'open at 0');
  });
});

describe('bounds', () => {
  for (const [count, expected] of [
    [2, 'open at 0'],
    [3, 'open at 0'],
    [4, 'too-many-hubs'],
  ] as const) {
    test(`hub ${count} of 3: ${expected}`, () => {
      for (let n = 1; n < count; n++) table.open(hub('static', { name: `H${n}` }), 0);
      assert.equal(said(table.open(hub('static', { name: `H${count}` }), 0)), expected);
    });
  }

  test('a hub nobody used for a minute is closed, a dynamic one given back', () => {
    table.open(hub('dynamic'), 5);
    table.open(hub('static', { name: 'S' }), 0);
    bench.time.advance(idleReleaseMs - 1);
    table.sweep();
    assert.equal(table.size, 2);
    bench.time.advance(1);
    table.sweep();
    assert.equal(table.size, 0);
    assert.deepEqual(released, [{ name: 'HUB', epoch: 5 }]);
  });

  test('the minute begins when the last session leaves', () => {
    const session = enter(table.open(hub('dynamic'), 5));
    bench.time.advance(5_000);
    session.close('disconnected');
    bench.time.advance(idleReleaseMs - 1);
    table.sweep();
    assert.equal(table.size, 1);
    bench.time.advance(1);
    table.sweep();
    assert.equal(table.size, 0);
  });
});
