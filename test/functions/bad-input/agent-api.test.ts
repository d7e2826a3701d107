import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ticketDigest } from '#functions/domain/ticket.ts';
import { behindFunctionUrl } from '#functions/http/function-url.ts';
import { type AdminLoginRequest, rpcCallBytesMax } from '#shared/contract/admin-relay.ts';
import type { Problem, ProblemKind } from '#shared/contract/problem.ts';
import { problemStatus } from '#shared/contract/problem.ts';
import { agentRoutes } from '#shared/contract/routes.ts';
import { hubName } from '#shared/kernel/ids.ts';
import { ControlPlane } from '../control-plane.ts';
import { proofTo, RelayedAdmin } from '../relayed-admin.ts';
import { sessionReport, type TestMember } from '../test-member.ts';
import { WatchedTable } from '../watched-table.ts';
import { wrongFor } from './wrong-values.ts';

const account = 'arn:aws:sts::123456789012';
const arnOf = (id: string): string => `${account}:assumed-role/Member/${id}`;

interface Stage {
  readonly plane: ControlPlane;
  readonly member: TestMember;
  readonly other: TestMember;
  /** Digest of a ticket for `member`, not redeemed yet. */
  readonly digest: string;
  /** What an administrator proves to `member`, and one who did. */
  readonly proof: AdminLoginRequest;
  readonly admin: RelayedAdmin;
  /** What a function URL hands over, answered; and what changed. */
  readonly ask: (path: string, body: unknown, callerArn?: string) => Promise<Asked>;
}

interface Asked {
  readonly status: number;
  readonly problem: Problem;
  readonly changed: readonly string[];
}

/** Two members, a session on the first, a dynamic hub of its own, and a ticket on the way. */
async function stage(): Promise<Stage> {
  const table = new WatchedTable();
  const plane = new ControlPlane(table);
  await plane.createHub('OFFICE', 'dynamic');
  await plane.createUser('OFFICE', 'alice', undefined);
  const member = await plane.startMember('i-1', { address: '192.0.2.1' });
  const { ticket } = await plane.redirectOf({ hub: 'OFFICE', user: 'alice' });
  const other = await plane.startMember('i-2', { address: '192.0.2.2' });
  const report = sessionReport('OFFICE', 'SID-ALICE-1', 'alice');
  await member.beat({ sessions: 1, hubs: 1, opened: [report] });
  const proof = await proofTo(member);
  const admin = await RelayedAdmin.at(member);
  const handle = behindFunctionUrl(plane.agentApi);
  const ask: Stage['ask'] = async (path, body, callerArn = arnOf('i-1')) => {
    table.takeChanges();
    const { statusCode: status, body: answer } = await handle(
      {
        rawPath: path,
        body: typeof body === 'string' ? body : JSON.stringify(body),
        isBase64Encoded: false,
        requestContext: {
          http: { method: 'POST' },
          ...(callerArn !== '' && { authorizer: { iam: { userArn: callerArn } } }),
        },
      },
      { awsRequestId: 'test' },
    );
    return { status, problem: JSON.parse(answer), changed: table.takeChanges() };
  };
  return { plane, member, other, digest: ticketDigest(ticket), proof, admin, ask };
}

function assertProblem({ status, problem, changed }: Asked, kind: ProblemKind, what: string): void {
  assert.equal(problem.kind, kind, what);
  assert.equal(status, problemStatus[kind], what);
  assert(problem.detail.length > 0 && problem.detail.length <= 1_000, what);
  assert.deepEqual(changed, [], what);
}

/** A good body for each route: everything below is wrong by one thing only. */
function goodBodies(stage: Stage): Readonly<Record<string, Record<string, unknown>>> {
  const { member, digest, proof, admin } = stage;
  const ref = { hub: 'OFFICE', name: 'SID-ALICE-1' };
  return {
    [agentRoutes.join]: {
      ...member.request,
      witness: { address: '10.0.0.1', port: 4_500 },
    },
    [agentRoutes.heartbeat]: {
      epoch: member.epoch,
      seq: member.seq + 1,
      state: 'active',
      sessions: 1,
      awaited: 0,
      connections: 1,
      hubs: 1,
      opened: [sessionReport('OFFICE', 'SID-ALICE-2', 'alice')],
      closed: [ref],
      released: [{ name: 'OFFICE', epoch: 1 }],
      usual: [{ name: 'OFFICE', epoch: 1, usual: 1 }],
      done: ['order'],
      peers: 'version',
    },
    [agentRoutes.redeem]: { digest, epoch: member.epoch },
    [agentRoutes.adminLogin]: { ...proof },
    [agentRoutes.adminCall]: {
      session: admin.session,
      call: Buffer.alloc(rpcCallBytesMax).toString('base64'),
    },
  };
}
const optional = new Set(['witness', 'awaited', 'usual', 'peers']);

for (const route of Object.values(agentRoutes)) {
  test(`${route}: a field that is missing, of a wrong type or too long`, async () => {
    const set = await stage();
    const good = goodBodies(set)[route];
    assert(good);
    for (const [field, value] of Object.entries(good)) {
      const { [field]: _, ...without } = good;
      if (!optional.has(field)) {
        assertProblem(await set.ask(route, without), 'invalid-request', `without ${field}`);
      }
      for (const [what, wrong] of wrongFor(value)) {
        const asked = await set.ask(route, { ...good, [field]: wrong });
        assertProblem(asked, 'invalid-request', `${field}: ${what}`);
        assert.match(asked.problem.detail, new RegExp(`^${field}`), `${field}: ${what}`);
      }
    }
  });

  test(`${route}: a body that is no JSON, no object, or too large`, async () => {
    const { ask } = await stage();
    const bodies = ['', '{', 'null', '[]', '"text"', '7', `"${'x'.repeat(1_100_000)}"`, '\u0000'];
    for (const body of bodies) {
      assertProblem(await ask(route, body), 'invalid-request', body.slice(0, 20));
    }
  });

  test(`${route}: a caller who did not sign, or is no machine of ours`, async () => {
    const set = await stage();
    const good = goodBodies(set)[route];
    const strangers = [
      '', // not signed: the URL would not let it through
      'arn:aws:iam::123456789012:user/somebody',
      'arn:aws:iam::123456789012:root',
      arnOf('somebody'),
      arnOf('i-1/../i-2'),
      `${account}:assumed-role/Member/i-${'0'.repeat(100)}`,
      `${account}:federated-user/i-1`,
      'x'.repeat(10_000),
    ];
    for (const arn of strangers) {
      assertProblem(await set.ask(route, good, arn), 'not-a-member', arn.slice(0, 60));
    }
  });
}

test('another path, another method: no such route', async () => {
  const { ask } = await stage();
  for (const path of ['/', '/v1', '/v1/heartbeats/', '/v2/heartbeats', '/v1/tickets']) {
    assertProblem(await ask(path, {}), 'invalid-request', path);
  }
});

test('a machine that never joined is told to join, and changes nothing', async () => {
  const set = await stage();
  const { [agentRoutes.heartbeat]: beat, [agentRoutes.redeem]: redeem } = goodBodies(set);
  assertProblem(await set.ask(agentRoutes.heartbeat, beat, arnOf('i-3')), 'not-joined', 'beat');
  const asked = await set.ask(agentRoutes.redeem, redeem, arnOf('i-3'));
  assertProblem(asked, 'no-such-ticket', 'redeem');
});

test("another member's ticket is no ticket, and stays for whom it is", async () => {
  const set = await stage();
  const { digest, other } = set;
  const body = { digest, epoch: other.epoch };
  assertProblem(await set.ask(agentRoutes.redeem, body, arnOf('i-2')), 'no-such-ticket', 'other');
  for (const epoch of [2, 2 ** 31]) {
    assertProblem(await set.ask(agentRoutes.redeem, { digest, epoch }), 'no-such-ticket', 'epoch');
  }
  const unknown = { digest: '0'.repeat(64), epoch: 1 };
  assertProblem(await set.ask(agentRoutes.redeem, unknown), 'no-such-ticket', 'unknown');
  assert.equal((await set.ask(agentRoutes.redeem, { digest, epoch: 1 })).status, 200);
});

test('a replayed heartbeat: of another epoch, and of an older number', async () => {
  const set = await stage();
  const { [agentRoutes.heartbeat]: beat } = goodBodies(set);
  const { member, plane } = set;
  for (const epoch of [2, 2 ** 31]) {
    const asked = await set.ask(agentRoutes.heartbeat, { ...beat, epoch });
    assertProblem(asked, 'stale-epoch', `epoch ${epoch}`);
  }
  plane.clock.advance(1_000);
  // Answered, because an answer may have been lost, with what holds now; and nothing is changed.
  const old = { ...beat, seq: 1, sessions: 900, done: [] };
  const replayed = await set.ask(agentRoutes.heartbeat, old);
  assert.deepEqual([replayed.status, replayed.changed], [200, []]);
  await member.join();
  const asked = await set.ask(agentRoutes.heartbeat, beat);
  assertProblem(asked, 'stale-epoch', 'of the epoch before');
});

test("what a member says of another's session and hub changes neither", async () => {
  const { ask, other, plane } = await stage();
  const asked = await ask(
    agentRoutes.heartbeat,
    {
      epoch: other.epoch,
      seq: other.seq + 1,
      state: 'active',
      sessions: 0,
      connections: 0,
      hubs: 0,
      opened: [sessionReport('OFFICE', 'SID-ALICE-1', 'mallory')],
      closed: [{ hub: 'OFFICE', name: 'SID-ALICE-1' }],
      released: [{ name: 'OFFICE', epoch: 1 }],
      usual: [{ name: 'OFFICE', epoch: 1, usual: 5_000 }],
      done: [],
    },
    arnOf('i-2'),
  );
  assert.equal(asked.status, 200);
  assert.deepEqual(asked.changed, ['MEMBER#i-2/STATE'], 'its own heartbeat, and no more');
  const session = await plane.stores.sessions.get(hubName('OFFICE'), 'SID-ALICE-1');
  assert.deepEqual([session?.memberId, session?.user], ['i-1', 'alice']);
});
