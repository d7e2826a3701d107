import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  arrivedSlots,
  isSuspected,
  outOfReach,
  sentMark,
  sentSlots,
  suspectedForMs,
  trialAfter,
  trusted,
  wasInVain,
} from '#functions/domain/suspicion.ts';
import { memberId } from '#shared/kernel/ids.ts';

const quiet = { sessions: 5, opened: [] };

test('three clients in a row that did not come make a member suspected', () => {
  let trial = { unredeemed: 0, suspectedMs: 0 };
  for (const [nowMs, count] of [[1, 1] as const, [2, 2] as const, [3, 3] as const]) {
    const after = trialAfter({ sessions: 5, reserved: 1, ...trial }, quiet, 0, nowMs);
    assert.deepEqual(after, { unredeemed: count, suspectedMs: count === 3 ? 3 : 0 });
    trial = after ?? trial;
  }
  const many = trialAfter({ sessions: 5, reserved: 7 }, quiet, 1, 9);
  assert.deepEqual(many, { unredeemed: 6, suspectedMs: 9 });
});

test('a session that opened clears it, even where another has ended', () => {
  const suspected = { sessions: 5, reserved: 2, unredeemed: 4, suspectedMs: 9 };
  const clear = { unredeemed: 0, suspectedMs: 0 };
  assert.deepEqual(trialAfter(suspected, { sessions: 6, opened: [] }, 0, 10), clear);
  assert.deepEqual(trialAfter(suspected, { sessions: 4, opened: [{}] }, 0, 10), clear);
});

test('while all is well, or nobody was sent, nothing is written', () => {
  assert.equal(
    trialAfter({ sessions: 5, reserved: 3 }, { sessions: 6, opened: [{}] }, 2, 1),
    undefined,
  );
  assert.equal(trialAfter({ sessions: 5, reserved: 2 }, quiet, 2, 1), undefined);
  assert.equal(trialAfter({ sessions: 5, reserved: 0, unredeemed: 3 }, quiet, 0, 1), undefined);
});

test('a suspected member is tried after 30 s, by one client at a time', () => {
  const member = { unredeemed: 3, suspectedMs: 1_000, reserved: 0 };
  assert.equal(isSuspected(member, 1_000 + suspectedForMs - 1), true);
  assert.equal(isSuspected(member, 1_000 + suspectedForMs), false);
  assert.equal(isSuspected({ ...member, reserved: 1 }, 1_000 + suspectedForMs), true);
  assert.equal(isSuspected({ ...member, unredeemed: 2 }, 1_000), false);
});

test('a client is known by a member from 4 s to 60 s after it was sent there', () => {
  const sentMs = 1_000_000_000;
  const mark = sentMark('abcdefghijkl', sentMs);
  assert(mark);
  const sent = { [mark.slot]: mark.mark };
  for (const [afterMs, known] of [
    [0, false] as const,
    [3_999, false] as const,
    [4_000, true] as const,
    [60_000, true] as const,
    [60_001, false] as const,
  ]) {
    assert.equal(wasInVain(sent, 'abcdefghijkl', sentMs + afterMs), known, `${afterMs}`);
  }
  assert.equal(wasInVain(sent, 'abcdefgXijkl', sentMs + 5_000), false);
  assert.equal(wasInVain({}, 'abcdefghijkl', sentMs + 5_000), false);
  assert.equal(wasInVain(sent, '', sentMs + 5_000), false);
  assert.equal(sentMark('', sentMs), undefined);
  assert.deepEqual(arrivedSlots(sent, ['other', 'abcdefghijkl', 'abcdefghijkl', '']), [mark.slot]);
});

test('however many clients, a member remembers them in few slots', () => {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const slots = new Set([...letters].map((letter) => sentMark(`${letter}bcdefgh`, 1)?.slot));
  assert.equal(slots.size, sentSlots);
});

test('who is left if all are suspected, or the client was sent to all of them: all', () => {
  const member = (id: string, unredeemed = 0) => ({
    memberId: memberId(id),
    reserved: 0,
    unredeemed,
    suspectedMs: 1,
  });
  const [a, b, gray] = [member('a'), member('b'), member('gray', 3)];
  const none = new Set<ReturnType<typeof memberId>>();
  assert.deepEqual(trusted([a, b, gray], none, 2), [a, b]);
  assert.deepEqual(trusted([a, b, gray], new Set([a.memberId]), 2), [b]);
  assert.deepEqual(
    trusted([a, gray], new Set([a.memberId]), 2),
    [gray],
    'better than where it was',
  );
  assert.deepEqual(trusted([gray], none, 2), [gray]);
  assert.deepEqual(trusted([a, b], new Set([a.memberId, b.memberId]), 2), [a, b]);
});

test('who did not get through is sent to other machines, and perhaps to first ports', () => {
  const ids = ['i-a', 'i-a.1', 'i-b', 'i-b.1', 'berlin-1', 'berlin-1.2'].map(memberId);
  const left = (inVain: readonly string[], among = ids) => {
    const out = outOfReach(
      new Set(inVain.map(memberId)),
      among.map((id) => ({ memberId: id })),
    );
    return among.filter((id) => !out.has(id));
  };
  assert.deepEqual(left([]), ids);
  assert.deepEqual(
    left(['i-a']),
    ['i-b', 'i-b.1', 'berlin-1', 'berlin-1.2'],
    'its machine is dead',
  );
  assert.deepEqual(left(['i-b.1']), ['i-a', 'berlin-1'], 'or only 443 is open');
  assert.deepEqual(left(['i-gone.3', 'i-a']), ['i-b', 'berlin-1']);
  const [a, second] = ids.slice(0, 2) as [(typeof ids)[0], (typeof ids)[0]];
  assert.deepEqual(left([second], [a, second]), [a], 'better than where it was');
  assert.deepEqual(left([a], [a, second]), [second]);
  assert.deepEqual(left([second], [second]), [], 'all are alike');
});
