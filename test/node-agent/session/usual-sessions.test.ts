import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Reports } from '#node-agent/control/reports.ts';
import {
  type ChangedHub,
  HubTable,
  type OpenOutcome,
  type ReleasedHub,
} from '#node-agent/session/hub-table.ts';
import { UsualSessions } from '#node-agent/session/usual-sessions.ts';
import { HubInstance } from '#node-agent/switch/hub-instance.ts';
import type { HubConfig } from '#shared/contract/hub.ts';
import { SessionBench } from './session-bench.ts';

const weekMs = 7 * 24 * 3_600_000;

test('the most there were counts, and half of it is forgotten in a week', () => {
  const usual = new UsualSessions(0, 0);
  for (const sessions of [1, 40, 12, 0]) usual.see(sessions, 0);
  assert.equal(usual.value(0), 40);
  assert.equal(usual.value(weekMs), 20);
  usual.see(15, weekMs);
  assert.equal(usual.value(weekMs), 20);
  usual.see(24, weekMs);
  assert.equal(usual.value(weekMs), 24);
});

test('while it grows to 500 it is told some twenty times, and once told not again', () => {
  const usual = new UsualSessions(0, 0);
  const told: number[] = [];
  for (let sessions = 1; sessions <= 500; sessions += 1) {
    usual.see(sessions, 0);
    const news = usual.news(0);
    if (news !== undefined) told.push(news);
  }
  assert.deepEqual(told.slice(0, 4), [5, 11, 18, 27]);
  assert(told.length <= 20, `${told}`);
  assert((told.at(-1) ?? 0) * 1.25 + 4 >= 500);
  assert.equal(usual.news(0), undefined);
});

test('what is known already is no news; the end tells the rest', () => {
  const usual = new UsualSessions(40, 0);
  usual.see(42, 0);
  assert.equal(usual.news(0), undefined);
  assert.equal(usual.last(0), 42);
  assert.equal(new UsualSessions(40, 0).last(0), undefined);
  const single = new UsualSessions(0, 0);
  single.see(1, 0);
  assert.equal(single.last(0), undefined, 'a hub of one is what is believed of any');
});

function table(bench: SessionBench): {
  hubs: HubTable;
  released: ReleasedHub[];
  changed: ChangedHub[];
  enter: (outcome: OpenOutcome) => ReturnType<SessionBench['session']>;
} {
  const released: ReleasedHub[] = [];
  const changed: ChangedHub[] = [];
  const hubs = new HubTable({
    hubsMax: 10,
    idleReleaseMs: 60_000,
    closedEpochMs: 120_000,
    nowMs: () => bench.time.monotonicMs(),
    createInstance: ({ name }) =>
      new HubInstance({ name, clock: bench.time, mayForward: () => true, seed: 1 }),
    createSendBudget: () => bench.budget,
    onReleased: (hub) => released.push(hub),
    onChanged: (hub) => changed.push(hub),
    onEnded: () => undefined,
  });
  let number = 0;
  const enter = (outcome: OpenOutcome): ReturnType<SessionBench['session']> => {
    assert(outcome.kind === 'open');
    number += 1;
    const session = bench.session({
      name: `SID-${number}`,
      hub: outcome.hub.instance,
      onClosed: (closed) => hubs.removeSession(outcome.hub, closed),
    });
    hubs.addSession(outcome.hub, session);
    return session;
  };
  return { hubs, released, changed, enter };
}

const hub = (name: string, kind: HubConfig['kind']): HubConfig => ({
  ...{ name, kind, version: 1, online: true },
});

test('a member awaits who usually comes to its dynamic hubs and is not there', () => {
  const bench = new SessionBench();
  const { hubs, enter } = table(bench);
  const opened = hubs.open(hub('D', 'dynamic'), 1, 3);
  const sessions = [enter(opened)];
  assert.equal(hubs.awaited(), 2);
  sessions.push(enter(hubs.open(hub('S', 'static'), 0, 50)));
  assert.equal(hubs.awaited(), 2, 'a static hub is everywhere');
  for (let more = 0; more < 3; more += 1) sessions.push(enter(opened));
  assert.equal(hubs.awaited(), 0);
  for (const session of sessions) session.close('disconnected');
  assert.equal(hubs.awaited(), 4, 'as many as there were');
});

test('a hub that grew is told at the next look, and what it was with its release', () => {
  const bench = new SessionBench();
  const { hubs, released, changed, enter } = table(bench);
  const opened = hubs.open(hub('D', 'dynamic'), 7, 2);
  const sessions = Array.from({ length: 9 }, () => enter(opened));
  hubs.sweep();
  hubs.sweep();
  assert.deepEqual(changed, [{ name: 'D', epoch: 7, usual: 9 }]);
  sessions.push(enter(opened));
  for (const session of sessions) session.close('disconnected');
  bench.time.advance(60_000);
  hubs.sweep();
  assert.deepEqual(released, [{ name: 'D', epoch: 7, usual: 10 }]);
});

test('news of a hub is repeated until a heartbeat that carried it was answered', () => {
  const reports = new Reports();
  reports.changed({ name: 'D', epoch: 1, usual: 5 });
  const first = reports.take();
  assert.deepEqual(first.usual, [{ name: 'D', epoch: 1, usual: 5 }]);
  reports.changed({ name: 'd', epoch: 1, usual: 11 });
  reports.acknowledge(first);
  const second = reports.take();
  assert.deepEqual(second.usual, [{ name: 'd', epoch: 1, usual: 11 }]);
  reports.acknowledge(second);
  assert.equal(reports.take().usual, undefined);
});
