import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import { DynamoTable } from '#functions/aws/dynamo-table.ts';

/** DynamoDB in this process, on loopback; every table is a new one. */
export class LocalDynamo {
  readonly #server: Server = dynalite({ createTableMs: 0 });
  #client: DynamoDBClient | undefined;
  #tables = 0;

  async open(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const { port } = this.#server.address() as AddressInfo;
    this.#client = new DynamoDBClient({
      endpoint: `http://127.0.0.1:${port}`,
      region: 'us-east-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    });
    return this;
  }

  async table(): Promise<DynamoTable> {
    if (this.#client === undefined) throw new Error('not open');
    this.#tables += 1;
    const name = `table-${this.#tables}`;
    await this.#client.send(
      new CreateTableCommand({
        TableName: name,
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema: [
          { AttributeName: 'pk', KeyType: 'HASH' },
          { AttributeName: 'sk', KeyType: 'RANGE' },
        ],
        AttributeDefinitions: [
          { AttributeName: 'pk', AttributeType: 'S' },
          { AttributeName: 'sk', AttributeType: 'S' },
        ],
      }),
    );
    return new DynamoTable(this.#client, name);
  }

  async close(): Promise<void> {
    this.#client?.destroy();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
