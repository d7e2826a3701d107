/**
 * The one port to storage: items under (pk, sk), strongly consistent reads, and writes that commit
 * only if a condition on that one item holds (ADR 0001). A lost race is a return value. Conditions
 * are values, so that DynamoDB and the in-memory twin evaluate the same decision.
 */
export interface Table {
  /** What no other table of the account is or was called: a restored one has a name of its own. */
  readonly name: string;
  get(key: Key): Promise<Item | undefined>;
  /** Items in the order of `keys`, `undefined` where there is none; at most {@link getManyMax}. */
  getMany(keys: readonly Key[]): Promise<readonly (Item | undefined)[]>;
  /** Replace or create the whole item if `condition` holds for what is stored. */
  put(key: Key, attributes: Attributes, condition: Condition): Promise<Outcome>;
  /** Change named attributes if `condition` holds; creates the item when it was absent. */
  update(key: Key, change: Change, condition: Condition): Promise<Outcome>;
  /** Delete if `condition` holds; the outcome carries the item that was deleted. */
  delete(key: Key, condition: Condition): Promise<Outcome>;
  /**
   * One page of a partition, in the order of the sort keys' UTF-8 bytes. Without `next` there is no
   * more; with it there may be none either, and a page may be shorter than its limit.
   */
  query(query: Query): Promise<Page>;
}

export const getManyMax = 100;
export const queryPageMax = 1_000;

export interface Key {
  readonly pk: string;
  readonly sk: string;
}

export type Value =
  | string
  | number
  | boolean
  | null
  | Uint8Array
  | readonly Value[]
  | { readonly [name: string]: Value };

export type Attributes = { readonly [name: string]: Value };
export type Item = Key & Attributes;

/** Names at least one attribute, none of them twice, and none of the key. */
export interface Change {
  readonly set?: Attributes;
  /** Added to a number; an absent attribute counts as 0. */
  readonly add?: { readonly [name: string]: number };
  /** Appended to a list; an absent attribute counts as empty. */
  readonly append?: { readonly [name: string]: readonly Value[] };
  readonly remove?: readonly string[];
}

/** `item` is the state after the write (before it, for a delete); `current` what refused it. */
export type Outcome =
  | { readonly kind: 'written'; readonly item: Item }
  | { readonly kind: 'refused'; readonly current: Item | undefined };

export interface Query {
  readonly pk: string;
  readonly skPrefix: string;
  readonly limit: number;
  /** Start behind this sort key, which has the prefix; its item need not exist. */
  readonly after?: string;
}

export interface Page {
  readonly items: readonly Item[];
  readonly next: string | undefined;
}

export type Condition =
  | { readonly kind: 'always' }
  | { readonly kind: 'present'; readonly attribute: string }
  | { readonly kind: 'absent'; readonly attribute: string }
  | {
      readonly kind: 'compare';
      readonly attribute: string;
      readonly comparison: '=' | '<>';
      readonly value: string | number | boolean;
    }
  | {
      readonly kind: 'compare';
      readonly attribute: string;
      readonly comparison: '<' | '<=' | '>' | '>=';
      readonly value: number;
    }
  | {
      readonly kind: 'size-below';
      readonly attribute: string;
      readonly limit: number;
    }
  | { readonly kind: 'all' | 'any'; readonly of: readonly Condition[] };

export const always: Condition = { kind: 'always' };
/** The item exists. */
export const itemPresent: Condition = { kind: 'present', attribute: 'pk' };
/** No item under this key. */
export const itemAbsent: Condition = { kind: 'absent', attribute: 'pk' };

export const attributeAbsent = (attribute: string): Condition => ({ kind: 'absent', attribute });
export const is = (attribute: string, value: string | number | boolean): Condition => ({
  kind: 'compare',
  attribute,
  comparison: '=',
  value,
});
export const isNot = (attribute: string, value: string | number | boolean): Condition => ({
  kind: 'compare',
  attribute,
  comparison: '<>',
  value,
});
export const below = (attribute: string, value: number): Condition => ({
  kind: 'compare',
  attribute,
  comparison: '<',
  value,
});
export const atMost = (attribute: string, value: number): Condition => ({
  kind: 'compare',
  attribute,
  comparison: '<=',
  value,
});
export const above = (attribute: string, value: number): Condition => ({
  kind: 'compare',
  attribute,
  comparison: '>',
  value,
});
/** The list has fewer than `limit` entries; false when the attribute is absent. */
export const sizeBelow = (attribute: string, limit: number): Condition => ({
  kind: 'size-below',
  attribute,
  limit,
});
export const oneOf = (attribute: string, values: readonly [string, ...string[]]): Condition => ({
  kind: 'any',
  of: values.map((value) => is(attribute, value)),
});
/** Every one of them; what is `always` true needs no asking. */
export const all = (...of: readonly Condition[]): Condition => {
  const asked = of.filter((condition) => condition.kind !== 'always');
  return asked.length === 0 ? always : { kind: 'all', of: asked };
};
/** At least one of them. */
export const any = (...of: readonly [Condition, ...Condition[]]): Condition =>
  of.some((condition) => condition.kind === 'always') ? always : { kind: 'any', of };
