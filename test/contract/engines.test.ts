import { after, before, test } from 'node:test';
import type { Table } from '#functions/store/table.ts';
import { MemoryTable } from '#test/support/memory-table.ts';
import { DynamoDbLocal, whyNoDynamoDbLocal } from './dynamodb-local.ts';
import { endingsContract } from './endings.contract.ts';
import { journeyContract } from './journey.contract.ts';
import { LocalDynamo } from './local-dynamo.ts';
import { RemoteDynamo } from './remote-dynamo.ts';
import { seatsContract } from './seats.contract.ts';
import { storesContract } from './stores.contract.ts';
import { refusalContract, tableContract } from './table.contract.ts';
import { TableSlice } from './table-slice.ts';

// One file for all contracts: its process starts each engine once.
const contracts = [tableContract, storesContract, endingsContract, seatsContract, journeyContract];
const engines: [string, () => Promise<Table>][] = [['memory', async () => new MemoryTable()]];

const dynalite = new LocalDynamo();
before(() => dynalite.open());
after(() => dynalite.close());
engines.push(['dynalite', () => dynalite.table()]);

const whyNot = whyNoDynamoDbLocal();
if (whyNot === undefined) {
  const local = new DynamoDbLocal();
  before(() => local.open());
  after(() => local.close());
  engines.push(['DynamoDB Local', () => local.table()]);
} else {
  test('DynamoDB Local', { skip: process.env['CI'] ? false : whyNot }, () => {
    throw new Error(`${whyNot} CI is set: a skipped suite is a failure.`);
  });
}

if (process.env['REMOTE']) {
  const remote = new RemoteDynamo(process.env['TABLE_NAME']);
  after(() => remote.close());
  engines.push(['remote', () => remote.table()]);
}

for (const [name, emptyTable] of engines) {
  for (const contract of contracts) contract(name, emptyTable);
  if (name !== 'dynalite') refusalContract(name, emptyTable);
}
tableContract('slice of memory', async () => new TableSlice(new MemoryTable(), 'SLICE#'));
