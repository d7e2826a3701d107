import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ticketDigest } from '#functions/domain/ticket.ts';
import { hubName } from '#shared/kernel/ids.ts';
import { LocalDynamo } from '#test/contract/local-dynamo.ts';
import { ControlPlane } from '#test/functions/control-plane.ts';
import type { TestMember } from '#test/functions/test-member.ts';

/** Bursts of logins over a table that is asked by HTTP, so that calls of many really interleave. */
const dynamo = new LocalDynamo();
before(() => dynamo.open());
after(() => dynamo.close());

const memberCount = 4;
/** As many processes of the front door, each with what it remembers of its own. */
const doorCount = 10;

interface Burst {
  readonly doors: readonly ControlPlane[];
  readonly members: readonly TestMember[];
  /** One login of a client nobody has seen before; the member it is sent to. */
  readonly logIn: () => Promise<TestMember>;
  readonly advance: (byMs: number) => void;
}

async function burst(kind: 'static' | 'dynamic'): Promise<Burst> {
  const table = await dynamo.table();
  const doors = Array.from({ length: doorCount }, (_, seed) => new ControlPlane(table, seed + 1));
  const [first] = doors;
  assert(first);
  await first.createHub('OFFICE', kind);
  await first.createUser('OFFICE', 'guest', undefined);
  const members: TestMember[] = [];
  for (let number = 1; number <= memberCount; number += 1) {
    members.push(await first.startMember(`i-${number}`, { address: `192.0.2.${number}` }));
  }
  let clients = 0;
  const logIn: Burst['logIn'] = async () => {
    const door = doors[clients % doorCount];
    assert(door);
    clients += 1;
    const uniqueId = Buffer.alloc(16);
    uniqueId.writeUInt32BE(clients);
    const redirect = await door.redirectOf({ hub: 'OFFICE', user: 'guest', changes: { uniqueId } });
    const member = members.find(({ request }) => request.address === redirect.address);
    assert(member);
    const reply = await member.redeem(ticketDigest(redirect.ticket));
    assert(reply.kind === 'ok', JSON.stringify(reply));
    return member;
  };
  const advance: Burst['advance'] = (byMs) => {
    for (const door of doors) door.clock.advance(byMs);
  };
  return { doors, members, logIn, advance };
}

test('fifty first clients of one dynamic hub at once: one claim, one member has them all', {
  timeout: 60_000,
}, async () => {
  const { doors, logIn } = await burst('dynamic');
  const sentTo = await Promise.all(Array.from({ length: 50 }, logIn));
  assert.equal(new Set(sentTo).size, 1, 'all their tickets were redeemed at one member');
  const placement = await doors[0]?.stores.placements.get(hubName('OFFICE'));
  assert.deepEqual([placement?.epoch, placement?.phase], [1, 'live']);
  assert.equal(placement?.memberId, sentTo[0]?.memberId);
  const claims = doors.flatMap((door) => door.log.of('placement.claimed'));
  assert(claims.length >= 1 && claims.every((claim) => claim['epoch'] === 1));
});

test('200 logins in two seconds over four members: each has 50, give or take 10 %', {
  timeout: 60_000,
}, async () => {
  const { members, logIn, advance } = await burst('static');
  const counts = new Map(members.map((member) => [member, 0]));
  for (let wave = 1; wave <= 20; wave += 1) {
    const sentTo = await Promise.all(Array.from({ length: 10 }, logIn));
    for (const member of sentTo) counts.set(member, (counts.get(member) ?? 0) + 1);
    advance(100);
    // In two seconds each member is heard of once, and not at the same moment.
    const heard = members[wave / 5 - 1];
    if (heard === undefined) continue;
    heard.observed = { ...heard.observed, sessions: counts.get(heard) ?? 0, hubs: 1 };
    await heard.beat();
  }
  const ends = [...counts.values()];
  assert.equal(
    ends.reduce((sum, count) => sum + count, 0),
    200,
  );
  assert(
    ends.every((count) => count >= 45 && count <= 55),
    `they have ${ends.join(', ')}`,
  );
});
