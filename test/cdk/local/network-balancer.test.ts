import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { text } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { type NetworkBalancer, startNetworkBalancer } from '#cdk/local/load-balancer/network.ts';

const address = '127.0.0.1';
const ends: (() => unknown)[] = [];
after(async () => {
  for (const end of ends) await end();
});

/** A machine that says its name, and what it was told, once the other side has ended. */
async function machine(name: string): Promise<{ server: Server; address: string; port: number }> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const heard: Buffer[] = [];
    socket.on('data', (bytes: Buffer) => heard.push(bytes));
    socket.on('end', () => socket.end(`${name} heard ${Buffer.concat(heard)}`));
  });
  server.listen(0, address);
  await once(server, 'listening');
  ends.push(() => server.close());
  return { server, address, port: (server.address() as AddressInfo).port };
}

async function balancer(
  port: number,
  targets: readonly { address: string; port: number }[],
): Promise<NetworkBalancer> {
  const started = await startNetworkBalancer({ port, idleMs: 5_000 }, address, () => targets);
  ends.push(() => started.stop());
  return started;
}

async function ask({ endpoint }: NetworkBalancer, words: string): Promise<string> {
  const socket = connect({ host: endpoint.address, port: endpoint.port, allowHalfOpen: true });
  socket.end(words);
  return text(socket);
}

test('each connection goes to the next machine, whole and both ways', async () => {
  const balanced = await balancer(0, [await machine('one'), await machine('two')]);
  const answers = [];
  for (const words of ['a', 'b', 'c']) answers.push(await ask(balanced, words));
  assert.deepEqual(answers, ['one heard a', 'two heard b', 'one heard c']);
});

test('no machine, and one that is not there: the connection ends', async () => {
  assert.equal(await ask(await balancer(0, []), 'x').catch(() => ''), '');
  const gone = await machine('gone');
  gone.server.close();
  await once(gone.server, 'close');
  const answer = await ask(await balancer(0, [gone]), 'x').catch(() => '');
  assert.equal(answer, '');
});

test('a port that is taken is not waited for: another is listened at', async () => {
  const other = await machine('other');
  const balanced = await balancer(other.port, [other]);
  assert.notEqual(balanced.endpoint.port, other.port);
  assert.equal(await ask(balanced, 'x'), 'other heard x');
});
