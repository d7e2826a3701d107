import * as z from 'zod';
import { type HubName, hubName, memberId } from '#shared/kernel/ids.ts';
import { hubPartition, keyOf, sessionPrefix } from './keys.ts';
import { all, always, any, attributeAbsent, below, is, type Key, type Table } from './table.ts';

/** The walks over all hubs: one at a time, whoever asks for them, however often. */
const walksSchema = z.object({
  /** How often a walk was asked for, and how often when the last one started. */
  requests: z.number().int().default(0),
  answered: z.number().int().default(0),
  startedMs: z.number().int().default(0),
  /** When the last step of it was begun. */
  steppedMs: z.number().int().default(0),
  finishedMs: z.number().int().default(0),
});
export type Walks = Readonly<z.infer<typeof walksSchema>>;

const sessionSchema = z.object({
  memberId: z.string().transform(memberId),
  memberEpoch: z.number().int(),
  toldMs: z.number().int().optional(),
  /** Not a session any more: see `endedAttribute`. */
  endedMs: z.number().int().optional(),
});

/** A session's record as far as it matters here, and where it is. */
export type StoredSession = z.infer<typeof sessionSchema> & { readonly key: Key };

/** A name on the list of hubs. */
export interface ListedHub {
  readonly name: HubName;
  readonly createdMs: number;
  /** Where the list goes on behind it. */
  readonly cursor: string;
}

/** A part of a list; `next` is where it goes on. */
export interface Part<T> {
  readonly items: readonly T[];
  readonly next: string | undefined;
}

const walksKey: Key = { pk: 'SWEEPER', sk: 'WALKS' };

/** What the sweeper keeps, and what it reads and removes of other aggregates' leftovers. */
export class SweepStore {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  async walks(): Promise<Walks> {
    return walksSchema.parse((await this.#table.get(walksKey)) ?? {});
  }

  /** Something ended that may have left sessions behind. */
  async request(): Promise<void> {
    await this.#table.update(walksKey, { add: { requests: 1 } }, always);
  }

  /** Begin a walk. False: somebody else did since `seen`. */
  async begin(seen: Walks, nowMs: number): Promise<boolean> {
    const outcome = await this.#table.update(
      walksKey,
      { set: { answered: seen.requests, startedMs: nowMs, steppedMs: nowMs } },
      seen.startedMs === 0 ? attributeAbsent('startedMs') : is('startedMs', seen.startedMs),
    );
    return outcome.kind === 'written';
  }

  /** Go on with the walk begun at `startedMs`. False: it is over, or another one has begun. */
  async step(startedMs: number, nowMs: number): Promise<boolean> {
    const outcome = await this.#table.update(
      walksKey,
      { set: { steppedMs: nowMs } },
      all(
        is('startedMs', startedMs),
        any(attributeAbsent('finishedMs'), below('finishedMs', startedMs)),
      ),
    );
    return outcome.kind === 'written';
  }

  async finish(startedMs: number, nowMs: number): Promise<void> {
    const finishedMs = Math.max(nowMs, startedMs);
    await this.#table.update(walksKey, { set: { finishedMs } }, is('startedMs', startedMs));
  }

  /** Names on the list of hubs, behind `after`. */
  async hubs(after: string | undefined, limit: number): Promise<Part<ListedHub>> {
    const page = await this.#table.query({
      ...{ pk: 'DIRECTORY', skPrefix: 'HUB#', limit },
      ...(after !== undefined && { after }),
    });
    const items = page.items.map((item) => ({
      name: hubName(String(item['name'])),
      createdMs: Number(item['createdMs']),
      cursor: item.sk,
    }));
    return { items, next: page.next };
  }

  /** Sessions stored under a hub's name, behind `after`. */
  async sessions(
    hub: HubName,
    after: string | undefined,
    limit: number,
  ): Promise<Part<StoredSession>> {
    const page = await this.#table.query({
      ...{ pk: hubPartition(hub), skPrefix: sessionPrefix, limit },
      ...(after !== undefined && { after }),
    });
    const items = page.items.map((item) => ({
      ...sessionSchema.parse(item),
      key: { pk: item.pk, sk: item.sk },
    }));
    return { items, next: page.next };
  }

  /** Strike out a session as it was seen; one that was told again meanwhile stays. */
  async strikeSession({ key, memberId: member, memberEpoch }: StoredSession): Promise<boolean> {
    const seen = all(is('memberId', member), is('memberEpoch', memberEpoch));
    return (await this.#table.delete(key, seen)).kind === 'written';
  }

  /** Which of these names lead to no hub. */
  async strays(hubs: readonly ListedHub[]): Promise<readonly ListedHub[]> {
    const items = await this.#table.getMany(hubs.map(({ name }) => keyOf.hub(name)));
    return hubs.filter((_, index) => items[index] === undefined);
  }

  /** Strike a name off the list of hubs, unless it was listed anew. */
  async strikeHub({ name, createdMs }: ListedHub): Promise<void> {
    await this.#table.delete(keyOf.directory(name), is('createdMs', createdMs));
  }
}
