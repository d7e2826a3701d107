import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Booked, remainingAfter } from '#functions/domain/reservation.ts';

const idle: Booked = { capacity: 1_000, sessions: 0, reserved: 0, reservedNew: 0 };

test('whoever arrived is not waited for, nor who was missing at two heartbeats', () => {
  const sent = { ...idle, reserved: 5, reservedNew: 5 };
  const first = remainingAfter(sent, { sessions: 2 });
  assert.deepEqual(first, { reserved: 3, pledged: 0, headroom: 995 });
  const waiting = { ...idle, sessions: 2, reserved: first.reserved, reservedNew: 0 };
  assert.deepEqual(remainingAfter(waiting, { sessions: 2 }), {
    ...{ reserved: 0, pledged: 0, headroom: 998 },
  });
});

test('a claimed hub counts once: pledged until it is awaited, and it takes no places', () => {
  const claimed = { ...idle, reserved: 1, reservedNew: 1, pledged: 299, pledgedNew: 299 };
  const notYet = remainingAfter(claimed, { sessions: 0 });
  assert.deepEqual(notYet, { reserved: 1, pledged: 299, headroom: 999 });
  const opened = remainingAfter(claimed, { sessions: 1, awaited: 299 });
  assert.deepEqual(opened, { reserved: 0, pledged: 0, headroom: 999 });
});

test('of two claimed hubs the one that showed up is taken off', () => {
  const claimed = { ...idle, reserved: 2, reservedNew: 2, pledged: 400, pledgedNew: 400 };
  const one = remainingAfter(claimed, { sessions: 1, awaited: 99 });
  assert.deepEqual(one, { reserved: 1, pledged: 300, headroom: 998 });
});

test('a hub that never shows up is forgotten with the second heartbeat', () => {
  const before = { ...idle, sessions: 4, awaited: 7, pledged: 50, pledgedNew: 0 };
  assert.equal(remainingAfter(before, { sessions: 4, awaited: 7 }).pledged, 0);
});

test('what members await comes without being pledged again', () => {
  const before = { ...idle, sessions: 4, awaited: 96, reserved: 3, reservedNew: 3 };
  const after = remainingAfter(before, { sessions: 7, awaited: 93 });
  assert.deepEqual(after, { reserved: 0, pledged: 0, headroom: 993 });
});
