import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import type { HubConfig } from '#shared/contract/hub.ts';
import { defaultHubOptions } from '#shared/contract/hub-options.ts';
import { defaultPolicy, type Policy } from '#shared/wire/policy.ts';
import { frame, mac } from '#test/support/frames.ts';
import { ManualTime } from './dial/manual-time.ts';
import { ScriptedAgent } from './scripted-agent.ts';
import { samples } from './switch/samples.ts';

const plainHub: HubConfig = { name: 'HUB', kind: 'static', version: 1, online: true };

let member: ScriptedAgent;

beforeEach(async () => {
  member = await ScriptedAgent.joined(new ManualTime());
});

const policy = (given: Partial<Policy>): Policy => ({ ...defaultPolicy, ...given });

test('a grant’s policy, user and group reach the switch', async () => {
  const accessRules = [
    { id: 1, priority: 1, discard: true, ipVersion: 4 as const, sourceUser: '@sales' },
  ];
  const hub = { ...plainHub, accessRules };
  const server = await member.enter({
    sessionName: 'SID-1',
    hub,
    policy: policy({ noServer: true }),
  });
  const seller = await member.enter({ sessionName: 'SID-2', hub, user: 'bob', group: 'Sales' });
  const listener = await member.enter({ sessionName: 'SID-3', hub });
  member.arrive(server, samples.tcp4SynAck);
  member.arrive(seller, frame(mac(9), mac(7), 'from sales'));
  member.arrive(server, frame(mac(9), mac(8), 'from a server'));
  assert.deepEqual(listener.heard, ['from a server']);
  const { drops } = member.agent.status;
  assert.deepEqual([drops['no-server'], drops['access-list']], [1, 1]);
  const [offence] = member.log.of('hub.security');
  assert.deepEqual([offence?.['what'], offence?.['attachment']], ['no-server', 'SID-1']);
});

test('who comes over IPv6 is offered no router, which is the default of hubs', async () => {
  const from = await member.enter({ sessionName: 'SID-1' });
  const arriving = ['192.0.2.10', '::ffff:192.0.2.11', '2001:db8::12'].map((address, i) =>
    member.enter({ sessionName: `SID-${i + 2}`, user: `user${i}` }, {}, address),
  );
  const clients = await Promise.all(arriving);
  const offer = samples.routerAdvertisement.toString('latin1', 14);
  member.arrive(from, samples.routerAdvertisement);
  const heard = clients.map((client) => client.heard.map((text) => text === offer));
  assert.deepEqual(heard, [[true], [true], [false]]);
});

test('a monitor hears what is said between others, and is not heard', async () => {
  const monitorPort = policy({ monitorPort: true });
  const asks = { requireMonitorMode: true };
  const monitor = await member.enter({ sessionName: 'SID-1', policy: monitorPort }, asks);
  const [one, other] = [
    await member.enter({ sessionName: 'SID-2', user: 'bob', policy: monitorPort }),
    await member.enter({ sessionName: 'SID-3', user: 'carol' }),
  ];
  member.arrive(other, frame(mac(9), mac(3), 'here is carol'));
  member.arrive(one, frame(mac(3), mac(2), 'to carol'));
  member.arrive(monitor, frame(mac(3), mac(1), 'to carol as well'));
  assert.deepEqual(monitor.heard, ['here is carol', 'to carol']);
  assert.deepEqual(other.heard, ['to carol']);
  assert.equal(member.agent.status.drops['from-monitor'], 1);
});

test('AutoDisconnect of a grant’s policy ends its session, if its client does not', async () => {
  const { session } = await member.enter({ policy: policy({ autoDisconnectSec: 20 }) });
  const { session: stays } = await member.enter({ sessionName: 'SID-2', user: 'bob' });
  member.time.advance(29_000);
  assert.equal(session.isClosed, false);
  member.time.advance(1_100);
  assert.deepEqual([session.isClosed, stays.isClosed], [true, false]);
  assert.equal(member.log.of('session.closed')[0]?.['reason'], 'auto-disconnect');
});

test('a change of the hub’s configuration reaches the hub that runs', async () => {
  const [from, to] = [
    await member.enter({ sessionName: 'SID-1' }),
    await member.enter({ sessionName: 'SID-2', user: 'bob' }),
  ];
  member.arrive(from, frame(mac(9), mac(8), 'before'));
  const options = { ...defaultHubOptions, filterNonIp: true };
  const hub: HubConfig = { ...plainHub, version: 2, options };
  const orders = [{ kind: 'configure' as const, id: 'o-1', hub }];
  await member.api.lastHeartbeat.answer({ kind: 'ok', value: { state: 'active', orders } });
  member.arrive(from, frame(mac(9), mac(8), 'after'));
  assert.deepEqual(to.heard, ['before']);
  assert.equal(member.agent.status.drops['filter-non-ip'], 1);
  assert.deepEqual(member.log.of('hub.security'), []);
});
