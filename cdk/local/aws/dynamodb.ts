import { randomUUID } from 'node:crypto';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { isDeepStrictEqual } from 'node:util';
import dynalite from 'dynalite';
import { z } from 'zod';
import { type Answer, listen } from '../http-server.ts';
import type { ArrivedRequest } from '../iam/signature.ts';
import { StartError } from '../start-error.ts';
import { arn } from '../template/place.ts';
import type { Stack } from '../template/stack.ts';
import { callLoopback } from './loopback-call.ts';
import { jsonAnswer, jsonBody, operationOf, type StandIn } from './signed-endpoint.ts';

const tableSchema = z.object({
  AttributeDefinitions: z.array(z.unknown()),
  KeySchema: z.array(z.unknown()),
  BillingMode: z.string(),
  GlobalSecondaryIndexes: z.array(z.looseObject({ IndexName: z.string() })).optional(),
  TimeToLiveSpecification: z.object({ AttributeName: z.string() }).optional(),
});

type TableProperties = Omit<z.infer<typeof tableSchema>, 'TimeToLiveSpecification'>;

const describedSchema = z.object({
  Table: z.object({
    TableStatus: z.string(),
    KeySchema: z.array(z.unknown()),
    GlobalSecondaryIndexes: z.array(z.looseObject({ IndexName: z.string() })).default([]),
  }),
});

type DescribedTable = z.infer<typeof describedSchema>['Table'];

const callLimitMs = 10_000;
/** Dynalite makes a table in its next turn or two. */
const activeChecksMax = 1000;

/**
 * DynamoDB: dynalite in this process. Left out: TTL, streams, transactions, backups, capacity.
 * Dynalite trusts any signature; the gate in front does not.
 */
export class DynamoDb {
  private readonly server: Server;
  private readonly port: number;

  private constructor(server: Server, port: number) {
    this.server = server;
    this.port = port;
  }

  /** Start with the template's tables; kept in `folder` if there is one. */
  static async start(stack: Stack, folder: string | undefined): Promise<DynamoDb> {
    // A database whose first tables were never all there holds nothing, and cannot be gone on with.
    const halfMade = folder === undefined ? undefined : `${folder}.creating`;
    if (folder !== undefined && halfMade !== undefined) {
      if (existsSync(halfMade)) rmSync(folder, { recursive: true, force: true });
      if (!existsSync(folder)) writeFileSync(halfMade, '');
    }
    const server = dynalite({
      createTableMs: 0,
      ...(folder === undefined ? {} : { path: folder }),
    });
    const database = new DynamoDb(server, await listen(server, '127.0.0.1', 0));
    try {
      for (const table of stack.ofType('AWS::DynamoDB::Table')) {
        const { TimeToLiveSpecification: _, ...properties } = tableSchema.parse(table.properties);
        await database.createTable(table.ref, properties);
      }
    } catch (error) {
      await database.stop();
      throw error;
    }
    if (halfMade !== undefined) rmSync(halfMade, { force: true });
    return database;
  }

  readonly standIn: StandIn = {
    service: 'dynamodb',
    needs: (request) =>
      tablesOf(jsonBody(request)).map((table) => ({
        action: `dynamodb:${operationOf(request)}`,
        resource: table.startsWith('arn:') ? table : arn('dynamodb', `table/${table}`),
      })),
    // Dynalite must never see its caller hang up: it throws then. So the call has its own deadline.
    answer: (request) => this.forward(request),
    refuse: (_, code, message) =>
      jsonAnswer(400, { __type: `com.amazon.coral.service#${code}`, message }),
  };

  /** Resolves when the database is closed too, not only the server. */
  async stop(): Promise<void> {
    const stopped = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.server.closeAllConnections();
    await stopped;
  }

  private async createTable(name: string, wanted: TableProperties): Promise<void> {
    const answer = await this.call('CreateTable', { TableName: name, ...wanted });
    const text = answer.body.toString();
    if (answer.status !== 200 && !text.includes('ResourceInUseException')) {
      throw new Error(`CreateTable ${name}: ${text}`);
    }
    const table = await this.activeTable(name);
    const indexes = (list: readonly { readonly IndexName: string }[]): string =>
      list
        .map(({ IndexName: index }) => index)
        .sort()
        .join();
    if (
      !isDeepStrictEqual(table.KeySchema, wanted.KeySchema) ||
      indexes(table.GlobalSecondaryIndexes) !== indexes(wanted.GlobalSecondaryIndexes ?? [])
    ) {
      throw new StartError(
        `the table ${name} in the data folder has other keys or indexes than the template’s; ` +
          'AWS would make a new table or index: start with another --data DIR',
      );
    }
  }

  /** CreateTable answers before the table may be used, or is kept as one that may. */
  private async activeTable(name: string): Promise<DescribedTable> {
    for (let checks = 0; checks < activeChecksMax; checks += 1) {
      const { body } = await this.call('DescribeTable', { TableName: name });
      const { Table: table } = describedSchema.parse(JSON.parse(body.toString()));
      if (table.TableStatus === 'ACTIVE') return table;
    }
    throw new Error(`the table ${name} was not active after ${activeChecksMax} questions`);
  }

  private call(operation: string, body: unknown): Promise<Answer> {
    return this.forward({
      method: 'POST',
      target: '/',
      headers: {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': `DynamoDB_20120810.${operation}`,
        'x-amz-date': '20260101T000000Z',
        authorization:
          'AWS4-HMAC-SHA256 Credential=local/20260101/local/dynamodb/aws4_request, ' +
          `SignedHeaders=host, Signature=${randomUUID()}`,
      },
      body: Buffer.from(JSON.stringify(body)),
    });
  }

  private forward(request: ArrivedRequest): Promise<Answer> {
    return callLoopback({
      port: this.port,
      method: request.method,
      path: request.target,
      headers: pick(request.headers, [
        'content-type',
        'x-amz-target',
        'x-amz-date',
        'authorization',
      ]),
      body: request.body,
      signal: AbortSignal.timeout(callLimitMs),
    });
  }
}

/** Every table a request names, in whichever operation. */
function tablesOf(body: Readonly<Record<string, unknown>>): readonly string[] {
  const { TableName: name, RequestItems: many, TransactItems: transaction } = body;
  if (typeof name === 'string') return [name];
  if (typeof many === 'object' && many !== null) return Object.keys(many);
  if (Array.isArray(transaction)) {
    return transaction.flatMap((item: unknown) =>
      Object.values(item as Record<string, Record<string, unknown>>).flatMap(tablesOf),
    );
  }
  return ['*']; // an operation on no table, such as ListTables
}

function pick(
  headers: Readonly<Record<string, string>>,
  names: readonly string[],
): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = headers[name];
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
}
