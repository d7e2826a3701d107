import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { DialedSession } from '#node-agent/dial/dialed-session.ts';
import { broadcast, frame, mac, payloadOf } from '#test/support/frames.ts';
import type { TestAgent, TestAgentOptions } from '#test/support/test-agent.ts';
import { until, withMember } from './member-bench.ts';

/** Two sessions on one hub, and what the second one heard. */
async function pair(
  member: TestAgent,
  kind: 'static' | 'dynamic',
  hub = 'HUB',
): Promise<{ alice: DialedSession; bob: DialedSession; heard: string[] }> {
  const heard: string[] = [];
  const alice = await member.connect(member.plane.issue({ kind, hub, user: 'alice' }));
  const bob = await member.connect(member.plane.issue({ kind, hub, user: 'bob' }), {
    onFrame: (arrived) => heard.push(payloadOf(arrived)),
  });
  return { alice, bob, heard };
}

function say(session: DialedSession, text: string): void {
  session.send([frame(broadcast, mac(1), text)]);
}

function names(list: readonly { name: string }[] | undefined): string[] {
  return (list ?? []).map(({ name }) => name);
}

describe('frames', () => {
  test('two ticket holders exchange frames', async () => {
    await withMember(async (member) => {
      const { alice, heard } = await pair(member, 'static');
      alice.send([frame(broadcast, mac(1), 'hello all'), frame(mac(2), mac(1), 'and you')]);
      await until('both frames', () => heard.length === 2);
      assert.deepEqual(heard, ['hello all', 'and you']);
    });
  });

  test('no frame crosses hubs (I13)', async () => {
    await withMember(async (member) => {
      const one = await pair(member, 'static', 'ONE');
      const two = await pair(member, 'dynamic', 'TWO');
      say(one.alice, 'for one');
      say(two.alice, 'for two');
      await until('both frames', () => one.heard.length + two.heard.length >= 2);
      assert.deepEqual([one.heard, two.heard], [['for one'], ['for two']]);
    });
  });
});

describe('what the control plane is told', () => {
  test('who usually comes to a dynamic hub is awaited until they are there', async () => {
    await withMember(async (member) => {
      const awaited = (): unknown => member.plane.heartbeats.at(-1)?.awaited;
      assert.equal(awaited(), 0);
      const ticket = { kind: 'dynamic', usual: 3 } as const;
      await member.connect(member.plane.issue({ ...ticket, user: 'alice' }));
      await until('two to be awaited', () => awaited() === 2);
      await member.connect(member.plane.issue({ ...ticket, user: 'bob' }));
      await until('one to be awaited', () => awaited() === 1);
    });
  });

  test('a join names address, port and the certificate that is presented (I9)', async () => {
    await withMember(async (member) => {
      const [join] = member.plane.joins;
      assert.equal(join?.['address'], '127.0.0.1');
      assert.deepEqual(join?.['ports'], [member.agent.port]);
      assert.equal(join?.['certificate'], member.certificate.certDer.toString('base64'));
    });
  });

  test('what was told is told again until it was acknowledged', async () => {
    await withMember(async (member) => {
      const { alice } = await pair(member, 'static');
      await until('the report', () => member.plane.lastHeartbeat?.sessions === 2);
      const told = member.plane.heartbeats.flatMap((heartbeat) => names(heartbeat.opened));
      assert.deepEqual(told, ['SID-ALICE-1', 'SID-BOB-2']);

      member.plane.mode = 'deaf';
      member.plane.orders.push(disconnectOrder('order-1', alice.sessionName));
      const before = member.plane.heartbeats.length;
      await until('unanswered heartbeats', () => member.plane.heartbeats.length > before);
      member.plane.mode = 'up';
      await until('the order done', () => member.plane.orders.length === 0);
      await until('the farewell', () =>
        member.plane.heartbeats.some((heartbeat) =>
          names(heartbeat.closed).includes('SID-ALICE-1'),
        ),
      );
      const seqs = member.plane.heartbeats.map((heartbeat) => heartbeat.seq);
      assert.deepEqual(
        seqs,
        [...seqs].sort((a, b) => a - b),
      );
    });
  });
});

function disconnectOrder(id: string, session: string, hub = 'HUB'): { id: string } {
  return { id, kind: 'disconnect', hub, session } as { id: string };
}

describe('what the control plane orders', () => {
  test('disconnect: the client hears error 13 and is sent to the front door', async () => {
    await withMember(async (member) => {
      const { alice, bob, heard } = await pair(member, 'static');
      member.plane.orders.push(disconnectOrder('order-1', bob.sessionName));
      const end = await bob.ended;
      assert.deepEqual(end, { kind: 'refused', code: 13 });
      assert.equal(member.agent.status.sessions, 1);
      say(alice, 'still here');
      await until('the order done', () => member.plane.orders.length === 0);
      assert.deepEqual(heard, []);
    });
  });

  test('configure: going offline ends sessions; an old version does nothing', async () => {
    await withMember(async (member) => {
      const { alice } = await pair(member, 'static');
      const hub = { name: 'HUB', kind: 'static', version: 1, online: false };
      member.plane.orders.push({ id: 'o1', kind: 'configure', hub } as { id: string });
      await until('the first order done', () => member.plane.orders.length === 0);
      assert.equal(member.agent.status.sessions, 2);
      const newer = { ...hub, version: 2 };
      member.plane.orders.push({ id: 'o2', kind: 'configure', hub: newer } as { id: string });
      assert.deepEqual(await alice.ended, { kind: 'refused', code: 13 });
      assert.equal(member.agent.status.sessions, 0);
    });
  });

  test('remove: a dynamic hub is closed and its placement given back', async () => {
    await withMember(async (member) => {
      await pair(member, 'dynamic');
      member.plane.orders.push({ id: 'o1', kind: 'remove', hub: 'HUB' } as { id: string });
      await until('the release', () =>
        member.plane.heartbeats.some((heartbeat) => heartbeat.released.length > 0),
      );
      assert.equal(member.agent.status.hubs, 0);
    });
  });
});

describe('when the control plane is away (I10)', () => {
  test('static hubs carry on; a dynamic one is silent without lease, and recovers', async () => {
    await withMember(async (member) => {
      const fixed = await pair(member, 'static', 'FIXED');
      const dynamic = await pair(member, 'dynamic', 'DYNAMIC');
      say(dynamic.alice, 'before');
      await until('the frame', () => dynamic.heard.length === 1);

      member.plane.mode = 'down';
      await until('the fence', () => {
        say(dynamic.alice, 'again');
        return (member.agent.status.drops['fenced'] ?? 0) > 0;
      });
      const heardBefore = dynamic.heard.length;
      say(dynamic.alice, 'into the void');
      say(fixed.alice, 'static lives');
      await until('the static frame', () => fixed.heard.length === 1);
      assert.equal(dynamic.heard.length, heardBefore);
      assert.equal(member.agent.status.sessions, 4);

      member.plane.mode = 'up';
      await until('frames again', () => {
        say(dynamic.alice, 'after');
        return dynamic.heard.at(-1) === 'after';
      });
    });
  });

  test('called lost: dynamic hubs are closed, static sessions join the new epoch', async () => {
    await withMember(async (member) => {
      const fixed = await pair(member, 'static', 'FIXED');
      const dynamic = await pair(member, 'dynamic', 'DYNAMIC');
      await until('the reports', () => member.plane.lastHeartbeat?.sessions === 4);
      member.plane.epoch += 1;
      assert.deepEqual(await dynamic.alice.ended, { kind: 'refused', code: 13 });
      await until('a heartbeat at the new epoch', () => member.plane.lastHeartbeat?.epoch === 3);
      const atNew = member.plane.heartbeats.filter((heartbeat) => heartbeat.epoch === 3);
      assert.deepEqual(
        atNew.flatMap((heartbeat) => names(heartbeat.opened)),
        [fixed.alice.sessionName, fixed.bob.sessionName],
      );
      assert.deepEqual(
        atNew.flatMap((heartbeat) => names(heartbeat.closed)),
        [],
      );
      say(fixed.alice, 'still');
      await until('the frame', () => fixed.heard.length === 1);
    });
  });
});

describe('a drain', () => {
  test('closes every session in order, gives hubs back, and ends when that is known', async () => {
    await withMember(async (member) => {
      const fixed = await pair(member, 'static', 'FIXED');
      const dynamic = await pair(member, 'dynamic', 'DYNAMIC');
      const startedMs = performance.now();
      const drained = member.agent.drain('SIGTERM');
      const ends = await Promise.all(
        [fixed.alice, fixed.bob, dynamic.alice, dynamic.bob].map((session) => session.ended),
      );
      assert.deepEqual(ends, Array(4).fill({ kind: 'refused', code: 13 }));
      await drained;
      assert.equal(member.stopped, true);
      assert.ok(performance.now() - startedMs < 6_000, 'a drain of four takes the grace time');
      assert.equal(member.plane.lastHeartbeat?.state, 'draining');
      const released = member.plane.heartbeats.flatMap((heartbeat) => heartbeat.released);
      assert.deepEqual(released, [{ name: 'DYNAMIC', epoch: 1, usual: 2 }]);
      assert.deepEqual(
        member.log.of('drain.ended').map(({ onTime, state }) => [onTime, state]),
        [[true, 'drained']],
      );
    });
  });

  test('is begun by the control plane too; a ticket already issued is still honoured', async () => {
    await withMember(async (member) => {
      const ticket = member.plane.issue({ hub: 'STATIC' });
      await pair(member, 'dynamic');
      member.plane.state = 'draining';
      await until('the drain', () => member.log.of('drain.begun').length === 1);
      const late = await member.connect(ticket);
      assert.deepEqual(await late.ended, { kind: 'refused', code: 13 });
      await until('the end', () => member.stopped);
    });
  });

  test('a placement that was given back admits nobody any more', async () => {
    await withMember(async (member) => {
      const ticket = member.plane.issue({ kind: 'dynamic' });
      await pair(member, 'dynamic');
      const drained = member.agent.drain('SIGTERM');
      await until('the release', () => member.agent.status.hubs === 0);
      const outcome = await member.dial(ticket);
      assert.ok(outcome.kind === 'rejected' && outcome.code === 12);
      assert.deepEqual(
        member.log.of('login.rejected').map(({ reason }) => reason),
        ['released'],
      );
      await drained;
    });
  });

  test('a redemption answered after the drain began starts no hub', async () => {
    await withMember(async (member) => {
      await member.connect(member.plane.issue({ kind: 'static', hub: 'EARLY' })); // drains longer
      member.plane.redeemDelayMs = 500;
      const outcome = member.dial(member.plane.issue({ kind: 'dynamic', hub: 'LATE' }));
      await until('the question', () => member.plane.redeemed.length > 1);
      const drained = member.agent.drain('SIGTERM');
      const { kind } = await outcome;
      assert.equal(kind, 'rejected');
      assert.deepEqual(
        member.log.of('login.rejected').map(({ reason }) => reason),
        ['released'],
      );
      const opened = member.log.of('hub.opened').map(({ hub }) => hub);
      assert.deepEqual(opened, ['EARLY'], 'it may be another member’s by now');
      await drained;
    });
  });

  test('a redemption that outlasts the drain opens no session: its client is told', async () => {
    await withMember(async (member) => {
      member.plane.redeemDelayMs = 500;
      const outcome = member.dial(member.plane.issue({ kind: 'static', hub: 'LATE' }));
      await until('the question', () => member.plane.redeemed.length > 0);
      await member.agent.drain('SIGTERM');
      assert.equal((await outcome).kind, 'rejected');
      await until('the answer', () => member.log.of('login.rejected').length > 0);
      assert.equal(member.agent.status.sessions, 0);
      assert.deepEqual(member.log.of('session.opened'), []);
    });
  });

  test('thousands of sessions are not closed in one tick', async () => {
    const options: TestAgentOptions = { capacity: 1_000 };
    await withMember(async (member) => {
      const sessions = await Promise.all(
        Array.from({ length: 30 }, () => member.connect(member.plane.issue())),
      );
      const left = new Set<number>();
      const drained = member.agent.drain('SIGTERM');
      await until('an empty member', () => {
        left.add(member.agent.status.sessions);
        return member.agent.status.sessions === 0;
      });
      assert.ok(left.size > 2, `seen ${[...left]} sessions left`);
      await drained;
      for (const session of sessions) assert.equal((await session.ended).kind, 'refused');
    }, options);
  });
});
