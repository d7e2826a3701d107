import { after, before } from 'node:test';
import { MemoryTable } from '#test/support/memory-table.ts';
import { LocalDynamo } from './local-dynamo.ts';
import { seatsContract } from './seats.contract.ts';
import { storesContract } from './stores.contract.ts';
import { tableContract } from './table.contract.ts';

const dynamo = new LocalDynamo();
before(() => dynamo.open());
after(() => dynamo.close());

for (const contract of [tableContract, storesContract, seatsContract]) {
  contract('memory', async () => new MemoryTable());
  contract('dynalite', () => dynamo.table());
}
