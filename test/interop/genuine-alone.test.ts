import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { GenuineBridge } from '#test/netns/genuine-bridge.ts';
import { type Account, GenuineClient } from '#test/netns/genuine-client.ts';
import { GenuineServer } from '#test/netns/genuine-server.ts';
import { folderOf } from '#test/netns/leftovers.ts';
import { Network } from '#test/netns/network.ts';

/** The harness itself, against nothing of ours: when this fails, the machine is to blame. */
let network: Network;
const account: Account = {
  server: '10.77.0.1:443',
  hub: 'OFFICE',
  user: 'alice',
  credential: { kind: 'password', password: 'pw-alice' },
};

before(async () => {
  network = await Network.create('efself');
  const server = await GenuineServer.start(
    await network.host('server', { addresses: ['10.77.0.1'] }),
  );
  await server.admin('HubCreate', account.hub, '/PASSWORD:none');
  await server.createUser(account.hub, 'alice', 'pw-alice');
});
after(() => network.close());

test('two genuine clients and a bridge on a genuine server exchange frames', async () => {
  const one = await network.host('one', { addresses: ['10.77.0.11'] });
  const two = await network.host('two', { addresses: ['10.77.0.12'] });
  const [first, second, bridge] = await Promise.all([
    GenuineClient.dial(one, account, '10.88.0.1'),
    GenuineClient.dial(two, { ...account, maxConnections: 8 }, '10.88.0.2'),
    GenuineBridge.start(await network.host('site', { addresses: ['10.77.0.13'] }), '10.88.0.3'),
  ]);
  await bridge.cascade({ ...account, password: 'pw-alice' });
  await Promise.all([first.established(15_000), second.established(15_000)]);
  await bridge.established(8, 20_000);
  const pings = first.pingLog('10.88.0.2');
  const firstReplyMs = await pings.repliesAfter(0, 5_000);
  await second.reaches('10.88.0.3', 5_000);
  await pings.repliesAfter(firstReplyMs + 1_000, 3_000);
  assert.ok(pings.longestSilenceMs(0) < 600, `silence of ${pings.longestSilenceMs(0)} ms`);
  pings.stop();
});

test('a wrong password shows as error 9, an unknown hub as error 8', async () => {
  const stranger = await network.host('stranger', { addresses: ['10.77.0.14'] });
  const lost = await network.host('lost', { addresses: ['10.77.0.15'] });
  const wrong = { kind: 'password', password: 'wrong' } as const;
  const [first, second] = await Promise.all([
    GenuineClient.dial(stranger, { ...account, credential: wrong }, '10.88.0.4'),
    GenuineClient.dial(lost, { ...account, hub: 'NOWHERE' }, '10.88.0.5'),
  ]);
  await Promise.all([first.failure(9, 10_000), second.failure(8, 10_000)]);
});

test('a run ended by SIGINT leaves no namespace, no process and no folder', async () => {
  const script = `
    import { Network } from '#test/netns/network.ts';
    const network = await Network.create('efgone');
    const host = await network.host('host', { addresses: ['10.77.0.1'] });
    const sleeper = host.spawn('sleep', ['sh', '-c', 'sleep 1000 & wait']);
    setTimeout(() => process.stdout.write(String(sleeper.pid)), 200);`;
  const argv = ['--import', 'tsx', '--input-type=module', '-e', script];
  const run = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [pid] = await once(run.stdout, 'data');
  assert.ok(existsSync('/run/netns/efgone-host'));
  run.kill('SIGINT');
  assert.deepEqual(await once(run, 'exit'), [null, 'SIGINT']);
  assert.equal(runningCommand(Number(pid)), '');
  assert.ok(!existsSync('/run/netns/efgone-host'));
  assert.ok(!existsSync(folderOf('efgone')));
});

/** What a process runs; nothing once it has ended, even while its parent has yet to notice. */
function runningCommand(pid: number): string {
  const file = `/proc/${pid}/cmdline`;
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}
