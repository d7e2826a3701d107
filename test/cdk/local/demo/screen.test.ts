import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DemoView } from '#cdk/local/demo/demo-view.ts';
import { renderLine, renderScreen } from '#cdk/local/demo/screen.ts';

const client = {
  name: 'ada',
  hub: 'demo-dynamic',
  member: 'i-1111111111111111',
  connected: true,
  state: 'connected',
  sent: 120,
  received: 118,
  lost: 2,
  roundTripMs: 1.234,
};
const view: DemoView = {
  headline: '2 of 2 clients are connected',
  members: [
    { id: 'i-1111111111111111', endpoint: '127.0.0.1:10443', state: 'active', sessions: 2 },
    { id: 'i-2222222222222222', endpoint: '127.0.0.1:10444', state: 'dead', sessions: 0 },
  ],
  hubs: [
    { name: 'demo-dynamic', kind: 'dynamic', members: ['i-1111111111111111'], sessions: 2 },
    { name: 'demo-static', kind: 'static', members: [], sessions: 0 },
  ],
  clients: [client, { ...client, name: 'ben', roundTripMs: undefined, state: 'connection lost' }],
  framesPerSecond: 39.6,
  bytesPerSecond: 2_376,
};

test('the screen, word for word', () => {
  assert.deepEqual(renderScreen(view, 100, true), [
    '2 of 2 clients are connected',
    '',
    'member                address                state       sessions',
    'i-1111111111111111    127.0.0.1:10443        active             2',
    'i-2222222222222222    127.0.0.1:10444        dead               0',
    '',
    'hub            kind      sessions  on',
    'demo-dynamic   dynamic          2  i-11111111',
    'demo-static    static           0  none',
    '',
    'client   hub            member         sent    back   lost      ms  state',
    'ada      demo-dynamic   i-11111111      120     118      2     1.2  connected',
    'ben      demo-dynamic   i-11111111      120     118      2       -  connection lost',
    '',
    'traffic  40 frames/s, 2.4 kB/s',
    '',
    "k kill the dynamic hub's member   d drain it   q quit",
  ]);
});

test('without a keyboard no keys are offered, and no line is wider than the screen', () => {
  const lines = renderScreen(view, 30, false);
  assert.equal(lines.at(-1), 'traffic  40 frames/s, 2.4 kB/s');
  assert.ok(lines.every((line) => line.length <= 30));
});

test('one line without a screen', () => {
  assert.equal(
    renderLine(view),
    'demo: 2 of 2 clients are connected; 1 of 2 members active; ' +
      'demo-dynamic on i-1111111111111111; demo-static on none; 40 frames/s, 2.4 kB/s; ' +
      '4 echoes lost',
  );
});
