import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ForgedTickets } from '#node-agent/control/forged-tickets.ts';
import { forgedTicketLimits } from '#node-agent/limits.ts';

const limits = { forgedMax: 3, forgottenPerSecond: 2, addressesMax: 2 };

/** How many of `count` tickets of `address` are asked about, all of them forged. */
function asked(forged: ForgedTickets, address: string, count: number, nowMs: number): number {
  return Array.from({ length: count }, () => forged.mayAsk(address, nowMs)).filter(Boolean).length;
}

test('forged tickets are asked about as often as allowed, then as fast as they are forgotten', () => {
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
