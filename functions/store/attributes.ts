import type { Attributes, Value } from './table.ts';

/**
 * A checked record as attributes of an item: what is undefined is left out. The record's own schema
 * has said that everything in it can be stored.
 */
export function attributesOf(record: object): Attributes {
  const given = Object.entries(record).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as { readonly [name: string]: Value };
}
