import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { Agent } from '#node-agent/agent.ts';
import type { Door } from '#node-agent/listener/visit.ts';
import type { Session } from '#node-agent/session/session.ts';
import { encodeBatch } from '#node-agent/stream/frame-batch.ts';
import type { HubConfig } from '#shared/contract/hub.ts';
import { defaultHubOptions } from '#shared/contract/hub-options.ts';
import type { Grant } from '#shared/contract/ticket.ts';
import { timing } from '#shared/contract/timing.ts';
import type { Login } from '#shared/wire/login.ts';
import { defaultPolicy, type Policy } from '#shared/wire/policy.ts';
import { frame, mac } from '#test/support/frames.ts';
import { RecordingLog } from '#test/support/test-agent.ts';
import { ScriptedApi } from './control/scripted-api.ts';
import { ManualTime } from './dial/manual-time.ts';
import { TestWire } from './session/session-bench.ts';
import { samples } from './switch/samples.ts';

const login = {
  hubName: 'HUB',
  userName: 'alice',
  credential: { kind: 'ticket', ticket: Buffer.alloc(20) },
  clientStr: 'test',
  maxConnection: 1,
  clientHostname: '',
  uniqueId: Buffer.alloc(0),
} as Partial<Login> as Login;
const plainHub: HubConfig = { name: 'HUB', kind: 'static', version: 1, online: true };

let time: ManualTime;
let api: ScriptedApi;
let log: RecordingLog;
let agent: Agent;
let door: Door;
let turn: (() => void)[];

beforeEach(async () => {
  time = new ManualTime();
  api = new ScriptedApi();
  log = new RecordingLog();
  turn = [];
  agent = new Agent({
    config: { capacity: 10, weight: 100, listen: { address: '0.0.0.0', port: 443 } },
    publicAddress: '192.0.2.1',
    certificate: { keyPem: '', certPem: '', certDer: Buffer.alloc(1) },
    agentVersion: 'test',
    api,
    clock: time,
    timers: time,
    random: { bytes: (size) => Buffer.alloc(size, turn.length), fraction: () => 0.5 },
    atEndOfTurn: (action) => turn.push(action),
    log,
    onStopped: () => undefined,
    createListener: (options) => {
      door = options.door;
      return {
        sockets: 0,
        waiting: 0,
        port: 443,
        open: async () => undefined,
        close: async () => undefined,
        takeCauses: () => ({}),
      };
    },
  });
  await agent.start();
  await api.lastJoin.answer({ kind: 'ok', value: { memberId: 'i-1', epoch: 1, timing } });
  time.advance(0);
});

interface Client {
  readonly session: Session;
  readonly heard: () => readonly string[];
}

async function enter(
  given: Partial<Grant>,
  wishes: Partial<Login> = {},
  address = '192.0.2.9',
): Promise<Client> {
  const outcome = door.login({ ...login, ...wishes }, { address, isGone: () => false });
  const value: Grant = {
    sessionName: 'SID',
    user: 'alice',
    hub: plainHub,
    placementEpoch: 0,
    policy: defaultPolicy,
    sessionTimeoutMs: 60_000,
    singleConnection: false,
    message: '',
    ...given,
  };
  await api.redeems.at(-1)?.answer({ kind: 'ok', value });
  const admitted = await outcome;
  assert.ok(admitted.kind === 'admit', admitted.kind);
  const wire = new TestWire();
  assert.ok(admitted.session.join(wire).kind === 'joined');
  return { session: admitted.session, heard: () => wire.frames };
}

/** Let a frame arrive on a connection of its own, and end the turn. */
function arrive({ session }: Client, sent: Buffer): void {
  const joined = session.join(new TestWire());
  assert.ok(joined.kind === 'joined');
  joined.connection.received(encodeBatch([sent]));
  joined.connection.closed();
  for (const action of turn.splice(0)) action();
}

const policy = (given: Partial<Policy>): Policy => ({ ...defaultPolicy, ...given });

test('a grant’s policy, user and group reach the switch', async () => {
  const accessRules = [
    { id: 1, priority: 1, discard: true, ipVersion: 4 as const, sourceUser: '@sales' },
  ];
  const hub = { ...plainHub, accessRules };
  const server = await enter({ sessionName: 'SID-1', hub, policy: policy({ noServer: true }) });
  const seller = await enter({ sessionName: 'SID-2', hub, user: 'bob', group: 'Sales' });
  const listener = await enter({ sessionName: 'SID-3', hub });
  arrive(server, samples.tcp4SynAck);
  arrive(seller, frame(mac(9), mac(7), 'from sales'));
  arrive(server, frame(mac(9), mac(8), 'from a server'));
  assert.deepEqual(listener.heard(), ['from a server']);
  const { drops } = agent.status;
  assert.deepEqual([drops['no-server'], drops['access-list']], [1, 1]);
  const [offence] = log.of('hub.security');
  assert.deepEqual([offence?.['what'], offence?.['attachment']], ['no-server', 'SID-1']);
});

test('who comes over IPv6 is offered no router, which is the default of hubs', async () => {
  const from = await enter({ sessionName: 'SID-1' });
  const arriving = ['192.0.2.10', '::ffff:192.0.2.11', '2001:db8::12'].map((address, i) =>
    enter({ sessionName: `SID-${i + 2}`, user: `user${i}` }, {}, address),
  );
  const clients = await Promise.all(arriving);
  const offer = samples.routerAdvertisement.toString('latin1', 14);
  arrive(from, samples.routerAdvertisement);
  const heard = clients.map((client) => client.heard().map((text) => text === offer));
  assert.deepEqual(heard, [[true], [true], [false]]);
});

test('a monitor hears what is said between others, and is not heard', async () => {
  const monitorPort = policy({ monitorPort: true });
  const asks = { requireMonitorMode: true };
  const monitor = await enter({ sessionName: 'SID-1', policy: monitorPort }, asks);
  const [one, other] = [
    await enter({ sessionName: 'SID-2', user: 'bob', policy: monitorPort }),
    await enter({ sessionName: 'SID-3', user: 'carol' }),
  ];
  arrive(other, frame(mac(9), mac(3), 'here is carol'));
  arrive(one, frame(mac(3), mac(2), 'to carol'));
  arrive(monitor, frame(mac(3), mac(1), 'to carol as well'));
  assert.deepEqual(monitor.heard(), ['here is carol', 'to carol']);
  assert.deepEqual(other.heard(), ['to carol']);
  assert.equal(agent.status.drops['from-monitor'], 1);
});

test('AutoDisconnect of a grant’s policy ends its session, if its client does not', async () => {
  const { session } = await enter({ policy: policy({ autoDisconnectSec: 20 }) });
  const { session: stays } = await enter({ sessionName: 'SID-2', user: 'bob' });
  time.advance(29_000);
  assert.equal(session.isClosed, false);
  time.advance(1_100);
  assert.deepEqual([session.isClosed, stays.isClosed], [true, false]);
  assert.equal(log.of('session.closed')[0]?.['reason'], 'auto-disconnect');
});

test('a change of the hub’s configuration reaches the hub that runs', async () => {
  const [from, to] = [
    await enter({ sessionName: 'SID-1' }),
    await enter({ sessionName: 'SID-2', user: 'bob' }),
  ];
  arrive(from, frame(mac(9), mac(8), 'before'));
  const options = { ...defaultHubOptions, filterNonIp: true };
  const hub: HubConfig = { ...plainHub, version: 2, options };
  const orders = [{ kind: 'configure' as const, id: 'o-1', hub }];
  await api.lastHeartbeat.answer({ kind: 'ok', value: { state: 'active', orders } });
  arrive(from, frame(mac(9), mac(8), 'after'));
  assert.deepEqual(to.heard(), ['before']);
  assert.equal(agent.status.drops['filter-non-ip'], 1);
  assert.deepEqual(log.of('hub.security'), []);
});
