import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { GenuineServer } from '#test/netns/genuine-server.ts';
import { Network } from '#test/netns/network.ts';
import type { DialReport } from './dial-in-namespace.ts';

const script = fileURLToPath(new URL('dial-in-namespace.ts', import.meta.url));

let network: Network;
let report: DialReport;

before(async () => {
  network = await Network.create('efdial');
  const server = await GenuineServer.start(
    await network.host('server', { addresses: ['10.77.0.1'] }),
  );
  await server.admin('HubCreate', 'OFFICE', '/PASSWORD:none');
  await server.createUser('OFFICE', 'alice', 'pw-alice');
  const client = await network.host('client', { addresses: ['10.77.0.11'] });
  const target = ['10.77.0.1', '443', 'OFFICE', 'alice', 'pw-alice'];
  const output = await client.mustExec(
    [process.execPath, '--import', 'tsx', script, ...target],
    60_000,
  );
  report = JSON.parse(output);
});
after(() => network.close());

test('a genuine server rejects with the codes the table has', () => {
  assert.deepEqual(report.rejections, {
    wrongPassword: 9,
    unknownUser: 9,
    unknownHub: 8,
    anonymous: 9,
  });
});

test('sessions get as many connections as they ask for', () => {
  assert.deepEqual(report.connections, [1, 8, 1, 2]);
});

test('dialed sessions on one hub hear each broadcast, and each unicast is heard by one', () => {
  const others = (me: number): string[] =>
    [0, 1, 2, 3].filter((i) => i !== me).map((i) => `hello from ${i}`);
  for (const [me, texts] of report.received.entries()) {
    assert.deepEqual([...texts].sort(), [`${(me + 1) % 4} to ${me}`, ...others(me)].sort());
  }
});

test('closing ends every session as closed, and the process with it', () => {
  assert.deepEqual(report.ends, ['closed', 'closed', 'closed', 'closed']);
});
