import {
  type AttributeValue,
  BatchGetItemCommand,
  ConditionalCheckFailedException,
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import {
  type Attributes,
  type Change,
  type Condition,
  getManyMax,
  type Item,
  type Key,
  type Outcome,
  type Page,
  type Query,
  type Table,
} from '#functions/store/table.ts';
import { assert } from '#shared/kernel/assert.ts';
import { callDeadlineMs } from './attempts.ts';
import { Expression } from './expression.ts';

/**
 * BatchGetItem may leave keys out, of a large answer or under load: idle rounds before we give up.
 */
const idleRoundsMax = 5;

/**
 * {@link Table} over DynamoDB. Throws what the SDK throws for faults of the environment; a failed
 * condition is an outcome, with what was stored at that moment.
 */
export class DynamoTable implements Table {
  readonly name: string;
  readonly #client: DynamoDBClient;
  readonly #callDeadlineMs: number;

  /** `deadlineMs` is the longest wait for one call, retries included. */
  constructor(client: DynamoDBClient, name: string, deadlineMs: number = callDeadlineMs) {
    this.#client = client;
    this.name = name;
    this.#callDeadlineMs = deadlineMs;
  }

  async get(key: Key): Promise<Item | undefined> {
    const { Item: found } = await this.#client.send(
      new GetItemCommand({ TableName: this.name, Key: marshall(key), ConsistentRead: true }),
      this.#deadline(),
    );
    return found && itemOf(found);
  }

  async getMany(keys: readonly Key[]): Promise<readonly (Item | undefined)[]> {
    assert(keys.length <= getManyMax, `getMany takes at most ${getManyMax} keys`);
    if (keys.length === 0) return [];
    const found = new Map<string, Item>();
    // DynamoDB refuses a key that is asked for twice.
    const distinct = new Map(
      keys.map((key) => [keyText(key), marshall({ pk: key.pk, sk: key.sk })]),
    );
    let wanted: Record<string, AttributeValue>[] = [...distinct.values()];
    let idleRounds = 0;
    const within = this.#deadline();
    while (wanted.length > 0) {
      if (idleRounds === idleRoundsMax) throw new Error('DynamoDB left keys of a batch unread');
      const { Responses, UnprocessedKeys } = await this.#client.send(
        new BatchGetItemCommand({
          RequestItems: { [this.name]: { Keys: wanted, ConsistentRead: true } },
        }),
        within,
      );
      for (const raw of Responses?.[this.name] ?? []) {
        const item = itemOf(raw);
        found.set(keyText(item), item);
      }
      const left = UnprocessedKeys?.[this.name]?.Keys ?? [];
      idleRounds = left.length < wanted.length ? 0 : idleRounds + 1;
      wanted = left;
    }
    return keys.map((key) => found.get(keyText(key)));
  }

  async put(key: Key, attributes: Attributes, condition: Condition): Promise<Outcome> {
    const item: Item = { ...attributes, ...key };
    const expression = new Expression();
    const text = expression.condition(condition);
    return this.#guarded(key, async () => {
      await this.#client.send(
        new PutItemCommand({
          TableName: this.name,
          Item: marshall(item),
          ...(text !== undefined && { ConditionExpression: text }),
          ...expression.placeholders(),
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
        this.#deadline(),
      );
      return item;
    });
  }

  async update(key: Key, change: Change, condition: Condition): Promise<Outcome> {
    const expression = new Expression();
    const changeText = expression.change(change);
    const conditionText = expression.condition(condition);
    return this.#guarded(key, async () => {
      const { Attributes: after } = await this.#client.send(
        new UpdateItemCommand({
          TableName: this.name,
          Key: marshall(key),
          UpdateExpression: changeText,
          ...(conditionText !== undefined && { ConditionExpression: conditionText }),
          ...expression.placeholders(),
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
          ReturnValues: 'ALL_NEW',
        }),
        this.#deadline(),
      );
      assert(after !== undefined, 'an update returns the new item');
      return itemOf(after);
    });
  }

  async delete(key: Key, condition: Condition): Promise<Outcome> {
    const expression = new Expression();
    const text = expression.condition(condition);
    return this.#guarded(key, async () => {
      const { Attributes: before } = await this.#client.send(
        new DeleteItemCommand({
          TableName: this.name,
          Key: marshall(key),
          ...(text !== undefined && { ConditionExpression: text }),
          ...expression.placeholders(),
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
          ReturnValues: 'ALL_OLD',
        }),
        this.#deadline(),
      );
      return before === undefined ? { ...key } : itemOf(before);
    });
  }

  async query(query: Query): Promise<Page> {
    const { Items, LastEvaluatedKey } = await this.#client.send(
      new QueryCommand({
        TableName: this.name,
        ConsistentRead: true,
        KeyConditionExpression: 'pk = :pk AND begins_with(sk, :sk)',
        ExpressionAttributeValues: marshall({ ':pk': query.pk, ':sk': query.skPrefix }),
        Limit: query.limit,
        ...(query.after !== undefined && {
          ExclusiveStartKey: marshall({ pk: query.pk, sk: query.after }),
        }),
      }),
      this.#deadline(),
    );
    return {
      items: (Items ?? []).map(itemOf),
      next: LastEvaluatedKey && String(unmarshall(LastEvaluatedKey)['sk']),
    };
  }

  /**
   * Turn a failed condition into an outcome. DynamoDB says what it saw; where it saw nothing, or is
   * a twin that never says, what is there now has to do.
   */
  async #guarded(key: Key, write: () => Promise<Item>): Promise<Outcome> {
    try {
      return { kind: 'written', item: await write() };
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      const { Item: seen } = error;
      return { kind: 'refused', current: seen === undefined ? await this.get(key) : itemOf(seen) };
    }
  }

  #deadline(): { abortSignal: AbortSignal } {
    return { abortSignal: AbortSignal.timeout(this.#callDeadlineMs) };
  }
}

function itemOf(raw: Record<string, AttributeValue>): Item {
  return unmarshall(raw) as Item;
}

function keyText(key: Key): string {
  return `${key.pk}\u0000${key.sk}`;
}
