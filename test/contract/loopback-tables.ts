import {
  CreateTableCommand,
  DynamoDBClient,
  ListTablesCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import { DynamoTable } from '#functions/aws/dynamo-table.ts';

/** One engine serves whole bursts here, on a core it shares with those who ask. */
const callDeadlineMs = 30_000;

/** For `waitUntilTableExists`, seconds: an engine on loopback makes a table at once, or nearly. */
const untilActive = { maxWaitTime: 30, minDelay: 0.01, maxDelay: 0.1 };

/** New tables with our key schema in an engine on a port of loopback, which trusts anybody. */
export class LoopbackTables {
  readonly #client: DynamoDBClient;
  #count = 0;

  constructor(port: number) {
    this.#client = new DynamoDBClient({
      endpoint: `http://127.0.0.1:${port}`,
      region: 'us-east-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    });
  }

  /** Resolves if the engine answers within `limitMs`. */
  async ping(limitMs: number): Promise<void> {
    await this.#client.send(new ListTablesCommand({}), {
      abortSignal: AbortSignal.timeout(limitMs),
    });
  }

  async create(): Promise<DynamoTable> {
    this.#count += 1;
    const name = `table-${this.#count}`;
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
    // It answers before the table may be used.
    await waitUntilTableExists({ client: this.#client, ...untilActive }, { TableName: name });
    return new DynamoTable(this.#client, name, callDeadlineMs);
  }

  close(): void {
    this.#client.destroy();
  }
}
