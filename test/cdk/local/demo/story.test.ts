import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ClientFact, Story } from '#cdk/local/demo/story.ts';

const on = (name: string, memberId: string, sessions = 1, connected = true): ClientFact => ({
  name,
  memberId,
  sessions,
  connected,
});
const one = 'i-1111111111111111';
const two = 'i-2222222222222222';

/** A story at 0 ms: two members, two clients on the first and one on the second. */
function begun(): Story {
  const story = new Story();
  story.observe(
    {
      members: [
        { id: one, state: 'active', leaseLeftMs: 7_000 },
        { id: two, state: 'active', leaseLeftMs: 7_000 },
      ],
      clients: [on('ada', one), on('ben', one), on('cyd', two)],
    },
    0,
  );
  return story;
}

function members(state: string, leaseLeftMs?: number) {
  return [
    { id: one, state, leaseLeftMs },
    { id: two, state: 'active', leaseLeftMs: 7_000 },
  ];
}

test('while nothing happens it says who is connected', () => {
  assert.equal(begun().headline(0), '3 of 3 clients are connected');
});

test('a death: its age, the lease, and who is still away, until all are back', () => {
  const story = begun();
  const away = [on('ada', one, 1, false), on('ben', one, 1, false), on('cyd', two)];
  story.observe({ members: members('dead', 5_000), clients: away }, 1_000);
  assert.equal(
    story.headline(3_000),
    'member i-11111111 died 2.0 s ago; lease ends in 5.0 s; 2 clients on the way back',
  );
  story.observe({ members: members('dead', -1), clients: away }, 8_000);
  assert.match(story.headline(8_000), /its lease is over; 2 clients on the way back$/);
  story.observe(
    { members: members('dead'), clients: [on('ada', two, 2), ...away.slice(1)] },
    10_000,
  );
  assert.match(story.headline(10_000), /it was called lost; 1 client on the way back$/);
  const back = [on('ada', two, 2), on('ben', two, 2), on('cyd', two)];
  story.observe({ members: members('dead'), clients: back }, 11_500);
  story.observe({ members: members('dead'), clients: away }, 12_000);
  assert.equal(
    story.headline(20_000),
    'member i-11111111 died 19.0 s ago; its 2 clients back after 10.5 s',
  );
});

test('a session that has not noticed yet does not count as back', () => {
  const story = begun();
  const unaware = [on('ada', one), on('ben', one), on('cyd', two)];
  story.observe({ members: members('dead', 5_000), clients: unaware }, 1_000);
  assert.match(story.headline(1_000), /2 clients on the way back$/);
});

test('a drain is one story, its last process included', () => {
  const story = begun();
  story.drains(one, 1_000);
  const moving = [on('ada', two, 2), on('ben', one), on('cyd', two)];
  story.observe({ members: members('draining', 7_000), clients: moving }, 3_000);
  assert.equal(
    story.headline(3_000),
    'member i-11111111 began to drain 2.0 s ago; 1 client still to move',
  );
  const moved = [on('ada', two, 2), on('ben', two, 2), on('cyd', two)];
  story.observe({ members: members('dead'), clients: moved }, 6_000);
  assert.equal(
    story.headline(7_000),
    'member i-11111111 began to drain 6.0 s ago; its 2 clients back after 5.0 s',
  );
});

test('a member without clients dies alone', () => {
  const story = begun();
  const clients = [on('ada', two), on('ben', two), on('cyd', two)];
  story.observe({ members: members('active', 7_000), clients }, 500);
  story.observe({ members: members('dead', 7_000), clients }, 1_000);
  assert.match(story.headline(1_000), /no client was on it$/);
});
