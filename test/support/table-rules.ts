import type { Change, Key, Query, Value } from '#functions/store/table.ts';
import { assert } from '#shared/kernel/assert.ts';

const partitionKeyBytesMax = 2_048;
const sortKeyBytesMax = 1_024;
const itemBytesMax = 400 * 1_024;

/**
 * What DynamoDB refuses whatever is stored, and its twin in memory too: who asks for it is wrong.
 * Limits: "Service, account, and table quotas" in the Amazon DynamoDB Developer Guide.
 */
export function checkKey({ pk, sk }: Key): void {
  const [partitionBytes, sortBytes] = [Buffer.byteLength(pk), Buffer.byteLength(sk)];
  assert(partitionBytes > 0 && partitionBytes <= partitionKeyBytesMax, 'pk has 1 to 2,048 bytes');
  assert(sortBytes > 0 && sortBytes <= sortKeyBytesMax, 'sk has 1 to 1,024 bytes');
}

export function checkItem(item: { readonly [name: string]: Value }): void {
  assert(storedBytes(item) <= itemBytesMax, 'an item has at most 400 KiB');
}

export function checkChange({ set = {}, add = {}, append = {}, remove = [] }: Change): void {
  const names = [set, add, append].flatMap(Object.keys).concat(remove);
  assert(names.length > 0, 'an update changes something');
  assert(new Set(names).size === names.length, 'an update names each attribute once');
  assert(!names.includes('pk') && !names.includes('sk'), 'an update leaves the key alone');
}

export function checkQuery({ pk, skPrefix, limit, after }: Query): void {
  checkKey({ pk, sk: skPrefix });
  assert(Number.isInteger(limit) && limit > 0, 'a page has room for an item');
  assert(after === undefined || after.startsWith(skPrefix), 'a query starts under its prefix');
}

/** About what DynamoDB counts. Throws at what it has no type for. */
export function storedBytes(value: Value): number {
  switch (typeof value) {
    case 'string':
      return Buffer.byteLength(value);
    case 'number':
      assert(Number.isFinite(value), `${value} is no number to store`);
      assert(!Number.isInteger(value) || Number.isSafeInteger(value), `${value} is not exact`);
      return 8;
    case 'boolean':
      return 1;
    case 'object':
      break;
    default:
      assert(false, `a ${typeof value} cannot be stored`);
  }
  if (value === null) return 1;
  if (value instanceof Uint8Array) return value.length;
  if (Array.isArray(value)) {
    return value.reduce<number>((sum, entry) => sum + 1 + storedBytes(entry), 3);
  }
  const plain = Object.getPrototypeOf(value) === Object.prototype;
  assert(plain, `${String(value)} is not a plain object`);
  return Object.entries(value).reduce(
    (sum, [name, entry]) => sum + 1 + Buffer.byteLength(name) + storedBytes(entry),
    3,
  );
}
