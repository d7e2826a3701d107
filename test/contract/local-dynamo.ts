import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import dynalite from 'dynalite';
import type { DynamoTable } from '#functions/aws/dynamo-table.ts';
import { LoopbackTables } from './loopback-tables.ts';

/** Dynalite in this process, on loopback; every table is a new one. */
export class LocalDynamo {
  readonly #server: Server = dynalite({ createTableMs: 0 });
  #tables: LoopbackTables | undefined;

  async open(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const { port } = this.#server.address() as AddressInfo;
    this.#tables = new LoopbackTables(port);
    return this;
  }

  async table(): Promise<DynamoTable> {
    if (this.#tables === undefined) throw new Error('not open');
    return this.#tables.create();
  }

  async close(): Promise<void> {
    this.#tables?.close();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
