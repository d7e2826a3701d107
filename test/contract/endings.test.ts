import { after, before } from 'node:test';
import { MemoryTable } from '#test/support/memory-table.ts';
import { endingsContract } from './endings.contract.ts';
import { LocalDynamo } from './local-dynamo.ts';

const dynamo = new LocalDynamo();
before(() => dynamo.open());
after(() => dynamo.close());

endingsContract('memory', async () => new MemoryTable());
endingsContract('dynalite', () => dynamo.table());
