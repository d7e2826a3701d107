import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Answer } from '#node-agent/control/agent-api.ts';
import { ForgedTickets } from '#node-agent/control/forged-tickets.ts';
import { TicketLogin } from '#node-agent/control/ticket-login.ts';
import { forgedTicketLimits, hubLimits, sessionLimits } from '#node-agent/limits.ts';
import { FlushQueue } from '#node-agent/session/flush-queue.ts';
import { HubTable } from '#node-agent/session/hub-table.ts';
import { SessionTable } from '#node-agent/session/session-table.ts';
import { systemRandom } from '#node-agent/system.ts';
import { loginOf } from '#test/functions/login-wish.ts';
import { ManualTime } from '#test/node-agent/dial/manual-time.ts';

const limits = { forgedMax: 3, forgottenPerSecond: 2, addressesMax: 2 };

/** How many of `count` tickets of `address` are asked about, all of them forged. */
function asked(forged: ForgedTickets, address: string, count: number, nowMs: number): number {
  return Array.from({ length: count }, () => forged.mayAsk(address, nowMs)).filter(Boolean).length;
}

test('forged tickets are asked about as often as allowed, then as they are forgotten', () => {
  const forged = new ForgedTickets(limits);
  assert.equal(asked(forged, 'a', 100, 0), 3, 'all at once');
  assert.equal(asked(forged, 'a', 100, 499), 0);
  assert.equal(asked(forged, 'a', 100, 500), 1);
  assert.equal(asked(forged, 'a', 100, 10_500), 3, 'no more than at first is ever forgotten');
});

test('a site of five thousand that comes back at once, behind one address, is let in', () => {
  const forged = new ForgedTickets(forgedTicketLimits);
  const { forgedMax } = forgedTicketLimits;
  for (let client = 0; client < 5_000; client += 1) {
    assert(forged.mayAsk('site', client), `client ${client}`);
    // The control plane answers after a while: some hundred are always under way.
    if (client >= 500) forged.forgive('site', client);
  }
  assert(forgedMax > 500, 'tickets that ran out for all who wait are no forgeries yet');
});

test('who forges does not keep out who comes from elsewhere', () => {
  const forged = new ForgedTickets(limits);
  asked(forged, 'a', 100, 0);
  assert.equal(asked(forged, 'b', 1, 0), 1);
});

test('the addresses that are remembered are bounded; the one silent for longest goes', () => {
  const forged = new ForgedTickets(limits);
  for (const address of ['a', 'b', 'c']) asked(forged, address, 100, 0);
  assert.equal(asked(forged, 'c', 1, 0), 0);
  assert.equal(asked(forged, 'b', 1, 0), 0);
  assert.equal(asked(forged, 'a', 1, 0), 1);
});

/** A door at which every ticket is forged, or the control plane is away. */
function door(answer: Answer<never>) {
  const time = new ManualTime();
  let questions = 0;
  const refuse = () => assert.fail('a forged ticket leads nowhere');
  const login = new TicketLogin({
    api: {
      join: refuse,
      heartbeat: refuse,
      redeem: async () => {
        questions += 1;
        return answer;
      },
    },
    redeemMs: 1_000,
    forgedLimits: limits,
    capacity: 100,
    epoch: () => 1,
    hubs: new HubTable({
      ...hubLimits,
      nowMs: () => time.monotonicMs(),
      createInstance: refuse,
      createSendBudget: refuse,
      onReleased: refuse,
      onEnded: refuse,
    }),
    sessions: new SessionTable(),
    context: {
      clock: time,
      timers: time,
      random: systemRandom,
      flushQueue: new FlushQueue((action) => action()),
      limits: sessionLimits,
      tally: { connections: 0 },
      onConnectionEnded: refuse,
    },
    mayOpen: () => true,
    isDraining: () => false,
    nudge: refuse,
    openLimits: hubLimits,
    onOpened: refuse,
    onClosed: refuse,
  });
  const credential = { kind: 'ticket', ticket: Buffer.alloc(20, 1) } as const;
  const hello = { hello: '', random: Buffer.alloc(20), version: 502, build: 5187 };
  const wish = loginOf(hello, { hub: 'HUB', user: 'alice', credential });
  const knock = async (): Promise<string> => {
    const answered = await login.login(wish, { address: '203.0.113.7', isGone: () => false });
    assert(answered.kind === 'reject');
    return `${answered.code} ${answered.reason}`;
  };
  return { time, knock, questions: () => questions };
}

test('a member asks about so many forged tickets of an address, then about none', async () => {
  const problem = { kind: 'no-such-ticket', detail: 'no such ticket' } as const;
  const { time, knock, questions } = door({ kind: 'problem', problem });
  const told = await Promise.all(Array.from({ length: 10 }, knock));
  assert.deepEqual(told.slice(0, 3), new Array(3).fill('12 no-such-ticket'));
  assert.deepEqual(told.slice(3), new Array(7).fill('12 too-many-forged'));
  assert.equal(questions(), 3);
  time.advance(1_000);
  assert.deepEqual(
    [await knock(), await knock(), await knock()],
    ['12 no-such-ticket', '12 no-such-ticket', '12 too-many-forged'],
  );
});

test('tickets of which nothing is known, because nobody answers, are no forgeries', async () => {
  const { knock } = door({ kind: 'unreachable', detail: 'away' });
  for (let times = 0; times < 10; times += 1) {
    assert.equal(await knock(), '48 control-plane-away');
  }
});
