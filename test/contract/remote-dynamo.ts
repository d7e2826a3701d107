import { randomUUID } from 'node:crypto';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoTable } from '#functions/aws/dynamo-table.ts';
import { TableSlice } from './table-slice.ts';

/**
 * A real table that a person names:
 *
 *   REMOTE=1 TABLE_NAME=… AWS_REGION=… npm test -- test/contract
 *
 * Credentials come from where the SDK looks for them (environment, profile, role). The table needs
 * the keys `pk` and `sk`, both strings, as the stack's own table has them. What is in it stays as
 * it is: the tests write under prefixes of their own and remove what they wrote. A run makes some
 * thousand requests: a cent.
 */
export class RemoteDynamo {
  readonly #client = new DynamoDBClient({});
  readonly #run = `CONTRACT#${randomUUID()}#`;
  readonly #table: DynamoTable;
  readonly #slices: TableSlice[] = [];

  constructor(tableName: string | undefined) {
    if (!tableName) throw new Error('REMOTE is set: say which table in TABLE_NAME');
    this.#table = new DynamoTable(this.#client, tableName);
  }

  async table(): Promise<TableSlice> {
    const slice = new TableSlice(this.#table, `${this.#run}${this.#slices.length}#`);
    this.#slices.push(slice);
    return slice;
  }

  async close(): Promise<void> {
    for (const slice of this.#slices) await slice.clear();
    this.#client.destroy();
  }
}
