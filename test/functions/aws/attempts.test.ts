import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { test } from 'node:test';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { attempts } from '#functions/aws/attempts.ts';
import { DynamoTable } from '#functions/aws/dynamo-table.ts';

/** DynamoDB without an item, as far as connections get through to it. */
class Store {
  readonly #server: Server;
  readonly #dead = new Set<Socket>();
  readonly connections = new Set<Socket>();

  constructor() {
    this.#server = createServer((request, response) => {
      request.resume();
      if (!this.#dead.has(request.socket)) response.end('{}');
    });
    this.#server.on('connection', (socket) => this.connections.add(socket));
  }

  async open(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** What was connected stays so, and nobody is there. */
  forgetConnections(): void {
    for (const socket of this.connections) this.#dead.add(socket);
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

test('a connection died in a frozen function: its call is answered over another', async () => {
  const store = new Store();
  const endpoint = await store.open();
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const client = new DynamoDBClient({ ...attempts, region: 'eu-test-1', endpoint, credentials });
  try {
    const table = new DynamoTable(client, 'table');
    const key = { pk: 'HUB#a', sk: 'CONFIG' };
    assert.equal(await table.get(key), undefined);
    store.forgetConnections();
    assert.equal(await table.get(key), undefined);
    assert.equal(store.connections.size, 2);
  } finally {
    client.destroy();
    store.close();
  }
});
