import { isIPv4, isIPv6 } from 'node:net';
import { assert } from '#shared/kernel/assert.ts';
import { ip4ToInt, timeToWire } from '#shared/wire/encoding.ts';
import { Pack } from '#shared/wire/pack.ts';
import type { RpcObject, RpcValue } from '../admin/rpc-object.ts';

/** A field's name in the PACK, and the suffix by which JSON-RPC tells its type. */
const suffixed = /^(.+)_(u32|u64|bool|str|utf|bin|dt|ip)$/;

/**
 * A result of JSON-RPC as genuine servers answer it in a PACK: names without suffix, a list of
 * objects as elements of as many values, a list without entries as nothing (protocol/07).
 */
export function packOf(result: RpcObject): Pack {
  const pack = new Pack();
  for (const [name, value] of Object.entries(result)) {
    if (!isList(value)) put(pack, name, [value]);
    else if (suffixed.test(name)) put(pack, name, value);
    else putRows(pack, value);
  }
  return pack;
}

/** A refusal as genuine servers write it: the number and nothing else. */
export function refusalPack(code: number): Pack {
  return new Pack().setInt('error', code);
}

/** An entry that lacks a field has that type's zero: all elements of a list are of one length. */
function putRows(pack: Pack, rows: readonly RpcValue[]): void {
  const objects = rows.map((row) => {
    assert(isObject(row), 'a list without a type in its name is one of objects');
    return row;
  });
  const names = new Set(objects.flatMap((row) => Object.keys(row)));
  for (const name of names) {
    const values = objects.map((row) => row[name]);
    put(pack, name, values);
  }
}

function put(pack: Pack, suffixedName: string, values: readonly (RpcValue | undefined)[]): void {
  const [, name = '', suffix] = suffixed.exec(suffixedName) ?? [];
  if (values.length === 0) return;
  switch (suffix) {
    case 'u32':
      pack.setInts(
        name,
        values.map((value) => Number(value ?? 0)),
      );
      return;
    case 'bool':
      pack.setInts(
        name,
        values.map((value) => (value ? 1 : 0)),
      );
      return;
    case 'u64':
      pack.setInt64s(name, values.map(int64Of));
      return;
    case 'dt':
      pack.set({ kind: 'int64', name, values: values.map(timeOf) });
      return;
    case 'str':
      pack.setStrs(
        name,
        values.map((value) => String(value ?? '')),
      );
      return;
    case 'utf':
      pack.setUnistrs(
        name,
        values.map((value) => String(value ?? '')),
      );
      return;
    case 'bin':
      pack.setDatas(
        name,
        values.map((value) => Buffer.from(String(value ?? ''), 'base64')),
      );
      return;
    case 'ip':
      putAddresses(
        pack,
        name,
        values.map((value) => String(value ?? '')),
      );
      return;
    default:
      assert(false, `${suffixedName} does not say its type`);
  }
}

function int64Of(value: RpcValue | undefined): bigint {
  return BigInt.asUintN(
    64,
    typeof value === 'bigint' ? value : BigInt(Math.trunc(Number(value ?? 0))),
  );
}

/** "Never" is a time of its own, nine hours into 1970: zero in a PACK. */
function timeOf(value: RpcValue | undefined): bigint {
  const unixMs = Date.parse(String(value ?? ''));
  return Number.isNaN(unixMs) ? 0n : timeToWire(unixMs);
}

/** The four elements in which addresses travel (protocol/01). */
function putAddresses(pack: Pack, name: string, texts: readonly string[]): void {
  pack
    .setInts(
      name,
      texts.map((text) => (isIPv4(text) ? ip4ToInt(text) : 0)),
    )
    .setDatas(`${name}@ipv6_array`, texts.map(ip6Bytes))
    .setInts(
      `${name}@ipv6_bool`,
      texts.map((text) => (isIPv6(text) ? 1 : 0)),
    )
    .setInts(
      `${name}@ipv6_scope_id`,
      texts.map(() => 0),
    );
}

/** RFC 4291 §2.2; zeros for what is no IPv6 address. */
function ip6Bytes(text: string): Buffer {
  const bytes = Buffer.alloc(16);
  if (!isIPv6(text)) return bytes;
  const dotted = /[^:]*\..*$/.exec(text)?.[0];
  const tail = dotted?.split('.').map(Number) ?? [];
  const rest = text.replace(/%.*$/, '').slice(0, dotted === undefined ? undefined : -dotted.length);
  const [head = '', after] = rest.split('::');
  const before = bytesIn(head);
  const behind = [...bytesIn(after ?? ''), ...tail];
  bytes.set(after === undefined ? [...before, ...behind] : before);
  if (after !== undefined) bytes.set(behind, bytes.length - behind.length);
  return bytes;
}

function bytesIn(groups: string): number[] {
  return groups
    .split(':')
    .filter((group) => group !== '')
    .map((group) => Number.parseInt(group, 16))
    .flatMap((group) => [group >> 8, group & 0xff]);
}

function isList(value: RpcValue): value is readonly RpcValue[] {
  return Array.isArray(value);
}

function isObject(value: RpcValue): value is RpcObject {
  return typeof value === 'object' && !isList(value);
}
