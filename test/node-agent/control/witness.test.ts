import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { witnessTiming } from '#node-agent/control/witness-timing.ts';
import { controlLimits } from '#node-agent/limits.ts';
import { timing } from '#shared/contract/timing.ts';
import { type Member, WitnessGroup } from './witness-group.ts';

const { validMs, freshMs, settleMs } = witnessTiming(timing);
const stepMs = 10;

/** Members that know each other and send heartbeats, evenly spread over the period. */
function working(count: number): { group: WitnessGroup; members: Member[] } {
  const group = new WitnessGroup();
  const members = Array.from({ length: count }, () => group.add());
  for (const member of members) {
    member.join();
    member.beat(members);
    group.time.advance(timing.heartbeatEveryMs / count);
  }
  group.time.advance(3 * timing.heartbeatEveryMs);
  return { group, members };
}

/** Milliseconds of the next `durationMs` in which `member` did not serve, to the step. */
function silenceOf(group: WitnessGroup, member: Member, durationMs: number): number {
  let silentMs = 0;
  for (let passed = 0; passed < durationMs; passed += stepMs) {
    group.time.advance(stepMs);
    if (!member.serves) silentMs += stepMs;
  }
  return silentMs;
}

describe('in an outage of the control plane', () => {
  test('members that reach each other serve on without a gap, for ever', () => {
    const { group, members } = working(3);
    for (const member of members) member.silence();
    assert.deepEqual(
      members.map((member) => silenceOf(group, member, 60_000)),
      [0, 0, 0],
    );
  });

  test('the only member serves on', () => {
    const { group, members } = working(1);
    members[0]?.silence();
    assert.equal(silenceOf(group, members[0] as Member, 60_000), 0);
  });

  test('nothing is asked before it is needed', () => {
    const { group, members } = working(3);
    const before = group.sent.length;
    group.time.advance(10 * timing.heartbeatEveryMs);
    assert.equal(group.sent.length, before, 'while leases are renewed');
    for (const member of members) member.silence();
    group.time.advance(timing.heartbeatEveryMs);
    assert.equal(group.sent.length, before, 'one missed heartbeat');
  });

  for (const [what, there, back] of [
    ['cut off', true, true],
    ['that hears no questions', true, false],
    ['whose answers are lost', false, true],
  ] as const) {
    test(`a peer ${what} fences who cannot ask it, for as long as that is so`, () => {
      const { group, members } = working(3);
      const [one, other] = members as [Member, Member, Member];
      for (const member of members) member.silence();
      group.time.advance(10_000);
      if (there) group.cut(one, other);
      if (back) group.cut(other, one);
      group.time.advance(validMs);
      assert.deepEqual(
        members.map(({ serves }) => serves),
        [false, false, true],
      );
      group.mend(one, other);
      group.mend(other, one);
      group.time.advance(validMs);
      assert.deepEqual(
        members.map(({ serves }) => serves),
        [true, true, true],
      );
    });
  }

  test('ends without a gap: whoever hears that another was renewed hurries', () => {
    const { group, members } = working(3);
    const [one, ...others] = members as [Member, Member, Member];
    for (const member of members) member.silence();
    group.time.advance(20_000);
    for (const other of others) {
      other.onPeerRenewed = () => group.time.after(200, () => other.renew(members));
    }
    one.renew(members);
    for (let passed = 0; passed < 1_000; passed += stepMs) {
      group.time.advance(stepMs);
      assert.deepEqual(
        members.map(({ serves }) => serves),
        [true, true, true],
        `after ${passed} ms`,
      );
    }
    assert.equal(one.mayOpen, true);
  });

  test('ends for one only: it opens nothing before the others are fenced', () => {
    const { group, members } = working(3);
    const [one, two, three] = members as [Member, Member, Member];
    for (const member of members) member.silence();
    group.time.advance(20_000);
    let openedAfterMs = -1;
    for (let passed = 0; passed < 3_000; passed += stepMs) {
      one.renew(members);
      assert(!(one.mayOpen && (two.serves || three.serves)), `after ${passed} ms`);
      if (one.mayOpen && openedAfterMs < 0) openedAfterMs = passed;
      group.time.advance(stepMs);
    }
    assert(openedAfterMs <= settleMs, `${openedAfterMs} ms`);
    assert.deepEqual([two.serves, three.serves], [false, false]);
  });

  test('a few lost packets fence nobody', () => {
    const { group, members } = working(2);
    const [one, other] = members as [Member, Member];
    for (const member of members) member.silence();
    group.time.advance(10_000);
    group.cut(one, other);
    assert.equal(silenceOf(group, one, (validMs * 2) / 3), 0);
    group.mend(one, other);
    assert.equal(silenceOf(group, one, 10_000), 0);
  });

  test('an incomplete list fences: somebody unknown may have a lease', () => {
    const { group, members } = working(2);
    group.isComplete = false;
    group.time.advance(timing.heartbeatEveryMs);
    for (const member of members) member.silence();
    group.time.advance(timing.heartbeatEveryMs + timing.fenceAfterMs);
    assert.equal(members[0]?.serves, false);
  });

  test('the lost and drained are not waited for', () => {
    const { group, members } = working(3);
    const [one, , third] = members as [Member, Member, Member];
    group.gone.add(third);
    group.cut(third, one);
    group.time.advance(controlLimits.learnedKeptMs + timing.heartbeatEveryMs);
    for (const member of members) member.silence();
    assert.equal(silenceOf(group, one, 30_000), 0);
  });

  test('a peer whose process began anew fences: what the old one heard is not known', () => {
    const { group, members } = working(2);
    const [one, other] = members as [Member, Member];
    for (const member of members) member.silence();
    group.time.advance(20_000);
    const anew = new WitnessGroup(); // its own world: only its words come from it
    Object.assign(anew, { time: group.time });
    other.witness.stop();
    group.members[1] = Object.assign(group.add(), { id: other.id, endpoint: other.endpoint });
    group.members.pop();
    group.members[1]?.join(2);
    group.members[1]?.witness.learn(group.peersOf(other, members));
    group.time.advance(3 * validMs);
    assert.equal(one.serves, false);
  });
});

describe('a member that is isolated while others are not', () => {
  test('is fenced when its lease ends, not a period later', () => {
    const { group, members } = working(3);
    const [one] = members as [Member, Member, Member];
    one.silence();
    group.time.advance(timing.heartbeatEveryMs + timing.fenceAfterMs);
    assert.equal(one.serves, false);
    assert.equal(silenceOf(group, one, 20_000), 20_000);
  });

  test('stays fenced though the others lose the control plane later', () => {
    const { group, members } = working(3);
    const [one, two, three] = members as [Member, Member, Member];
    one.silence();
    group.time.advance(20_000);
    two.silence();
    three.silence();
    assert.equal(silenceOf(group, one, 30_000), 30_000, 'its hubs may be theirs by now');
    assert.deepEqual([two.serves, three.serves], [true, true]);
  });

  test('serves again once its own lease is renewed', () => {
    const { group, members } = working(2);
    const [one] = members as [Member, Member];
    one.silence();
    group.time.advance(20_000);
    one.renew(members);
    assert.equal(one.serves, true);
  });

  test('is fenced by a newcomer that it had not heard of', () => {
    const { group, members } = working(2);
    for (const member of members) member.silence();
    group.time.advance(20_000);
    const newcomer = group.add();
    newcomer.join();
    newcomer.renew(group.members);
    group.time.advance(50);
    assert.deepEqual(
      members.map(({ serves }) => serves),
      [false, false],
    );
    assert.equal(newcomer.mayOpen, true, 'everybody was told and has said so');
    assert.equal(silenceOf(group, members[0] as Member, 60_000), 60_000, 'and stays so');
  });

  test('is fenced by a lost one that came back', () => {
    const { group, members } = working(3);
    const [one, two, back] = members as [Member, Member, Member];
    group.gone.add(back);
    back.silence();
    group.time.advance(controlLimits.learnedKeptMs + timing.heartbeatEveryMs);
    one.silence();
    two.silence();
    group.time.advance(20_000);
    assert.equal(one.serves, true);
    back.witness.lease.end();
    back.join(3);
    for (let passed = 0; passed <= settleMs; passed += stepMs) {
      back.renew(members);
      assert(!(back.mayOpen && (one.serves || two.serves)), `after ${passed} ms`);
      group.time.advance(stepMs);
    }
    assert.deepEqual([back.mayOpen, one.serves, two.serves], [true, false, false]);
  });
});

describe('a hub instance is opened', () => {
  test('at once, when everybody has heard of the lease', () => {
    const { group, members } = working(3);
    assert.deepEqual(
      members.map(({ mayOpen }) => mayOpen),
      [true, true, true],
    );
    assert.equal(group.members.length, 3);
  });

  test('by a newcomer only when all have heard, or have had time to notice', () => {
    const { group, members } = working(2);
    const [one] = members as [Member, Member];
    const newcomer = group.add();
    group.cut(newcomer, one);
    newcomer.join();
    newcomer.beat(group.members);
    group.time.advance(settleMs - 10);
    assert.equal(newcomer.mayOpen, false);
    group.time.advance(20);
    assert.equal(newcomer.mayOpen, true);
  });

  test('not while the last heartbeat is old, though the lease is held', () => {
    const { group, members } = working(2);
    const [one] = members as [Member, Member];
    one.silence();
    group.time.advance(timing.heartbeatEveryMs + freshMs);
    assert.deepEqual([one.serves, one.mayOpen], [true, false]);
  });

  test('after a gap only when nobody relies on what was said during it', () => {
    const { group, members } = working(2);
    const [one, other] = members as [Member, Member];
    for (const member of members) member.silence();
    group.time.advance(20_000);
    assert.equal(other.serves, true, 'on the word of the first');
    group.cut(one, other);
    one.renew(members);
    assert.equal(one.mayOpen, false);
    for (let passed = 0; passed < 2 * settleMs; passed += stepMs) {
      assert(!(one.mayOpen && other.serves), `after ${passed} ms`);
      group.time.advance(stepMs);
      one.renew(members);
    }
    assert.equal(one.mayOpen, true);
  });

  test('at once where the control plane knows nothing of peers', () => {
    const group = new WitnessGroup();
    const one = group.add();
    one.join();
    one.witness.lease.renewed(0, timing.fenceAfterMs);
    assert.deepEqual([one.serves, one.mayOpen], [true, true]);
    group.time.advance(timing.fenceAfterMs);
    assert.equal(one.serves, false, 'and nobody is a witness');
  });
});

describe('strangers', () => {
  test('garbage, floods and other members’ keys change nothing', () => {
    const { group, members } = working(2);
    const [one, other] = members as [Member, Member];
    for (const member of members) member.silence();
    group.time.advance(20_000);
    for (let i = 0; i < 100; i += 1) {
      one.witness.received(group.random.bytes(1 + (i % 150)), other.endpoint);
    }
    const told = group.sent.findLast(({ to }) => to === one)?.bytes as Buffer;
    const forged = Buffer.from(told);
    forged.writeUInt32BE(0, 22); // "renewed just now"
    one.witness.received(forged, other.endpoint);
    assert.equal(one.serves, true);
    assert.equal(silenceOf(group, one, 5_000), 0);
  });

  test('an answer that is repeated later does not keep anybody serving', () => {
    const { group, members } = working(2);
    const [one, other] = members as [Member, Member];
    for (const member of members) member.silence();
    group.time.advance(20_000);
    const answers = group.sent.filter(({ to, bytes }) => to === one && bytes[4] === 2);
    group.cut(other, one);
    group.time.advance(validMs);
    for (const { bytes } of answers) one.witness.received(bytes, other.endpoint);
    assert.equal(one.serves, false);
  });

  test('are not answered, members are, with no more than they sent', () => {
    const { group, members } = working(2);
    const [one, other] = members as [Member, Member];
    for (const member of members) member.silence();
    group.time.advance(20_000);
    const question = group.sent.findLast(({ to, bytes }) => to === one && bytes[4] === 1)?.bytes;
    const sizes = (): number[] =>
      group.sent.filter(({ from }) => from === one).map(({ bytes }) => bytes.length);
    const before = sizes().length;
    one.witness.received(Buffer.concat([question as Buffer, Buffer.alloc(1)]), other.endpoint);
    assert.equal(sizes().length, before);
    one.witness.received(question as Buffer, other.endpoint);
    assert.equal(sizes().length, before + 1);
    assert((sizes().at(-1) ?? 0) <= (question?.length ?? 0));
  });
});
