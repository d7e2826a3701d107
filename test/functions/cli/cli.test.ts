import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { credentialsIn } from '#functions/admin/authentication.ts';
import { adminCallOver } from '#functions/cli/admin-client.ts';
import { CliError } from '#functions/cli/cli-error.ts';
import { type CliPorts, run } from '#functions/cli/program.ts';
import { redirectCause, rejectTold } from '#functions/cli/reasons.ts';
import { errorCode } from '#shared/wire/error-code.ts';
import { selfSignedCertificate } from '#shared/x509/self-signed.ts';
import { AdminRig } from '#test/functions/admin/rig.ts';
import { ControlPlane } from '#test/functions/control-plane.ts';
import { sessionReport } from '#test/functions/test-member.ts';
import { MemoryTable } from '#test/support/memory-table.ts';

const state = '{"admin":{"url":"https://127.0.0.1:8443/api/","password":"first-password"}}';

interface Ran {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

/** The command beside a cluster in this process, and a state file as `npm start` writes it. */
async function cli(rig: AdminRig, args: string[], ports: Partial<CliPorts> = {}): Promise<Ran> {
  let [out, err] = ['', ''];
  const status = await run(args, {
    variable: () => undefined,
    file: (path) => (path === '.local/cluster.json' ? state : undefined),
    callOver:
      ({ password, hub }) =>
      async (method, params = {}) => {
        const answer = await rig.call(method, params, { password, ...(hub && { hub }) });
        if (answer.error) throw new CliError(`refused: ${answer.error}`, 'a remedy');
        return answer;
      },
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    ...ports,
  });
  return { status, out, err };
}

async function cluster() {
  const table = new MemoryTable();
  const plane = new ControlPlane(table);
  const rig = new AdminRig(table);
  await plane.createHub('office', 'static');
  await plane.createUser('office', 'alice', undefined);
  const member = await plane.startMember('i-1');
  rig.nowMs = plane.clock.nowMs() + 1_500;
  return { plane, rig, member };
}

test('members: state, sessions, weight, age of the lease, and whom no client reaches', async () => {
  const { plane, rig } = await cluster();
  for (let login = 0; login < 3; login += 1) {
    await plane.redirectOf({ hub: 'office', user: 'alice' });
  }
  const { status, out } = await cli(rig, ['members']);
  assert.equal(status, 0);
  assert.equal(
    out,
    [
      'MEMBER  ADDRESS         STATE   SESSIONS  HUBS  WEIGHT  POINT  LEASE AGE  REMARK\n',
      'i-1     192.0.2.1:5555  active         0     0     100  99700      1.5 s\n',
    ].join(''),
  );
  const given = await plane.stores.members.get((await plane.startMember('i-2')).memberId);
  assert(given);
  const json = JSON.parse((await cli(rig, ['--json', 'members'])).out);
  assert.deepEqual(
    json.map((one: { MemberId_str: string }) => one.MemberId_str),
    ['i-1', 'i-2'],
  );
  assert.equal(json[0].Suspected_bool, false);
  rig.nowMs += 10_000;
  assert.match((await cli(rig, ['members'])).out, /i-1 .* 11\.5 s {2}its lease is over$/m);
});

test('a suspected member is said to be suspected', async () => {
  const { plane, rig, member } = await cluster();
  for (let login = 0; login < 3; login += 1) {
    await plane.redirectOf({ hub: 'office', user: 'alice' });
  }
  for (let beat = 0; beat < 4; beat += 1) {
    plane.clock.advance(2_000);
    await member.beat();
  }
  rig.nowMs = plane.clock.nowMs();
  const { out } = await cli(rig, ['members']);
  assert.match(out, /suspected: the last 3 clients sent there did not come/);
});

test('drain: begun, asked again, and of nobody', async () => {
  const { rig } = await cluster();
  const first = await cli(rig, ['drain', 'i-1']);
  assert.match(first.out, /^i-1 drains: 0 sessions left, done at the latest 2026-/);
  assert.equal((await cli(rig, ['drain', 'i-1'])).out, first.out);
  assert.equal((await cli(rig, ['drain', 'i-9'])).status, 1);
});

test('drain --machine: each member of the machine', async () => {
  const { rig, plane } = await cluster();
  await plane.startMember('i-1.1');
  const { out } = await cli(rig, ['drain', 'i-1', '--machine']);
  assert.match(out, /^i-1 drains: .*\ni-1\.1 drains: /);
  assert.equal((await cli(rig, ['drain', 'i-9', '--machine'])).status, 1);
});

test('hubs and sessions', async () => {
  const { rig, member, plane } = await cluster();
  assert.match((await cli(rig, ['hubs'])).out, /^office {2}static {2}online +0 +1 {2}-$/m);
  await plane.redirectOf({ hub: 'office', user: 'alice' });
  assert.equal((await cli(rig, ['sessions', 'office'])).out, 'hub office has no sessions\n');
  const report = sessionReport('office', 'SID-ALICE-1', 'alice', plane.clock.nowMs());
  await member.beat({ sessions: 1, opened: [report] });
  const { out } = await cli(rig, ['sessions', 'office']);
  assert.match(out, /^SID-ALICE-1 {2}alice {2}198\.51\.100\.1 {2}laptop {2}i-1 /m);
  const hubs = (await cli(rig, ['hubs'])).out;
  assert.match(hubs, /^office {2}static {2}online +1 +1 {2}2026-/m);
});

test('explain: where, why, and who else there was; why not; and what helps', async () => {
  const { rig, plane } = await cluster();
  const unknown = await cli(rig, ['explain', 'office', 'bob']);
  assert.deepEqual([unknown.status, unknown.out], [1, '']);
  assert.equal(
    (await cli(rig, ['explain', 'office', 'alice'])).out,
    'nothing is known of a login of alice to office\n',
  );
  await plane.rejectionOf({ hub: 'office', user: 'alcie', password: 'x' });
  const { out } = await cli(rig, ['explain', 'office', 'alcie']);
  assert.match(out, /^hub office has no user alcie$/m);
  assert.match(out, /: unknown-user\n {2}because the hub has no such user\n {2}remedy: /);
  assert.match(out, /^ {2}the client was told 9: /m);
});

test('explain of a session, as the member of the cluster told it', async () => {
  const { rig, plane, member } = await cluster();
  const { ticket } = await plane.redirectOf({ hub: 'office', user: 'alice' });
  const { ticketDigest } = await import('#functions/domain/ticket.ts');
  const reply = await member.redeem(ticketDigest(ticket));
  assert(reply.kind === 'ok');
  const { sessionName: name, explanation = '' } = reply.value;
  const report = { ...sessionReport('office', name, 'alice', plane.clock.nowMs()), explanation };
  await member.beat({ sessions: 1, opened: [report] });
  const { out } = await cli(rig, ['explain', 'office', name]);
  assert.match(out, /^alice of office is on i-1 \(active\)$/m);
  assert.match(out, /because of the members looked at, it had the most room/);
  assert.match(out, /1 of 1 members as they were at/);
  assert.match(out, /^ {2}\* {2}i-1 {5}eligible {2}100000 {9}0 {11}0 {8}0$/m);
});

test('every reason a login is rejected for has a cause and a remedy', () => {
  for (const reason of ['wrong-password', 'no-headroom', 'hub-full', 'throttled-source']) {
    const { cause, remedy } = rejectTold(reason);
    assert.notEqual(cause, reason);
    assert(remedy);
  }
  assert.equal(redirectCause('of-tomorrow'), 'of-tomorrow');
  assert.deepEqual(rejectTold('of-tomorrow'), { cause: 'of-tomorrow' });
});

test('errors name cause and remedy, on standard error, and the status says so', async () => {
  const { rig } = await cluster();
  const nowhere = await cli(rig, ['members'], { file: () => undefined });
  assert.deepEqual([nowhere.status, nowhere.out], [1, '']);
  assert.match(nowhere.err, /no server is named, and there is no \.local\/cluster\.json\n {2}name/);
  const open = await cli(rig, ['--server', '203.0.113.1', 'members']);
  assert.match(open.err, /no password is given\n {2}set ETHERFLEET_PASSWORD/);
  const plain = await cli(rig, ['--server', 'http://203.0.113.1', 'members']);
  assert.match(plain.err, /is no https address/);
  const missing = await cli(rig, ['--password-file', '/nowhere', 'members']);
  assert.match(missing.err, /--password-file: \/nowhere cannot be read/);
  const usage = await cli(rig, ['sessions']);
  assert.deepEqual([usage.status, usage.out], [2, '']);
  assert.match(usage.err, /missing required argument 'hub'/);
  const help = await cli(rig, ['--help']);
  assert.equal(help.status, 0);
  assert.match(help.out, /explain .*tell why/);
});

interface FrontDoor {
  readonly url: URL;
  readonly certPem: string;
  readonly server: Server;
}

/** What answers each call with this status and body, over TLS with a certificate of its own. */
async function answering(
  status: number,
  body: unknown,
  headers = {},
  onRequest: (request: IncomingMessage) => void = () => undefined,
): Promise<FrontDoor> {
  const { keyPem, certPem } = selfSignedCertificate({
    commonName: 'vpn.example',
    validDays: 1,
    nowMs: Date.now(),
  });
  const server = createServer({ key: keyPem, cert: certPem }, (request, response) => {
    onRequest(request);
    request.resume();
    response.writeHead(status, headers).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: new URL(`https://127.0.0.1:${port}/api/`), certPem, server };
}

async function refusal(door: FrontDoor, ca?: string): Promise<CliError> {
  const call = adminCallOver({ url: door.url, password: 'x', hub: undefined, ca });
  const error = await call('Test').then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert(error instanceof CliError, String(error));
  return error;
}

test('any password proves its administrator, whatever characters it is of', async () => {
  const seen: unknown[] = [];
  const door = await answering(200, { result: {} }, {}, ({ headers }) => {
    const { authorization } = headers;
    seen.push(credentialsIn((name) => (name === 'authorization' ? authorization : undefined)));
  });
  const { url, certPem: ca } = door;
  for (const password of ['pass:wörd €', '', 'two\nlines']) {
    for (const hub of [undefined, 'office'])
      await adminCallOver({ url, password, hub, ca })('Test');
    const [asServer, asHub] = seen.splice(0);
    assert.deepEqual(asServer, { hub: '', password });
    assert.deepEqual(asHub, { hub: 'office', password });
  }
  await new Promise((resolve) => door.server.close(resolve));
});

test('over TLS: what is told of answers, refusals, and of nobody there', async () => {
  const good = await answering(200, { result: { IntValue_u32: 7 } });
  const call = adminCallOver({ url: good.url, password: 'x', hub: 'h', ca: good.certPem });
  assert.deepEqual(await call('Test'), { IntValue_u32: 7 });
  const other = await answering(401, {});
  const strange = await refusal(good, other.certPem);
  assert.match(strange.message, /is not trusted/);
  assert.match(strange.remedy, /--ca FILE/);
  assert.match((await refusal(other)).message, /does not accept the server's password/);
  const locked = await answering(429, {}, { 'retry-after': '8' });
  assert.match((await refusal(locked)).remedy, /wait 8 s/);
  const rpc = await answering(200, {
    error: { code: errorCode.hubNotFound, message: 'Error code 8: no hub' },
  });
  const refused = await refusal(rpc);
  assert.match(refused.message, /Test: Error code 8/);
  assert.match(refused.remedy, /etherfleet hubs/);
  const html = await answering(200, 'hello');
  assert.match((await refusal(html)).message, /no JSON-RPC/);
  for (const { server } of [good, other, locked, rpc, html]) {
    await new Promise((resolve) => server.close(resolve));
  }
  assert.match((await refusal(good)).message, /cannot be reached \(ECONNREFUSED/);
});
