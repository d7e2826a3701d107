import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ControlPlane } from '../control-plane.ts';
import type { TestMember } from '../test-member.ts';

test('a client that gets out at the first port only is there at its second attempt', async () => {
  const plane = new ControlPlane();
  await plane.createHub('STATIC', 'static');
  await plane.createUser('STATIC', 'guest', undefined);
  const members: TestMember[] = [];
  for (const [machine, address] of [
    ['i-1', '192.0.2.1'],
    ['i-2', '192.0.2.2'],
  ] as const) {
    members.push(await plane.startMember(machine, { address, ports: [443] }));
    members.push(await plane.startMember(`${machine}.1`, { address, ports: [992] }));
  }
  const ports = async (client: number): Promise<number | undefined> => {
    const changes = { uniqueId: Buffer.alloc(16, client) };
    return (await plane.redirectOf({ hub: 'STATIC', user: 'guest', changes })).ports[0];
  };
  const firstPorts: (number | undefined)[] = [];
  for (let client = 1; client <= 12; client += 1) {
    const first = await ports(client);
    firstPorts.push(first);
    if (first !== 443) {
      for (let beat = 0; beat < 3; beat += 1) {
        plane.clock.advance(2_000);
        for (const member of members) await member.beat();
      }
      assert.equal(await ports(client), 443, `client ${client}`);
    }
  }
  assert(firstPorts.includes(992), 'else nothing was asked');
});
