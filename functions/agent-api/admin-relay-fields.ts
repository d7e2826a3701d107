import { intToIp4 } from '#shared/wire/encoding.ts';
import type { Pack, PackElement } from '#shared/wire/pack.ts';
import { Fields } from '../admin/fields.ts';

/** A list of a call: its name in JSON-RPC, and an element every entry of it has a value in. */
interface List {
  readonly name: string;
  readonly counted: string;
}

const accessList = (name: string): List => ({ name, counted: 'Protocol' });
const optionList: List = { name: 'AdminOptionList', counted: 'Value' };

/**
 * In a PACK a list is several elements of as many values, and nothing says which belong together:
 * these are the calls that carry one.
 */
const listOf: ReadonlyMap<string, List> = new Map([
  ['addaccess', accessList('AccessListSingle')],
  ['setaccesslist', accessList('AccessList')],
  ['setaclist', { name: 'ACList', counted: 'IpAddress' }],
  ['sethubadminoptions', optionList],
  ['sethubextoptions', optionList],
]);

/**
 * The arguments of a call as JSON-RPC would name them. A PACK has fewer types than JSON-RPC has
 * suffixes (protocol/07 §2), so each element goes by every name that may be meant by it: whoever
 * reads the fields knows which one is.
 */
export function fieldsOf(call: Pack, functionName: string): Fields {
  const list = listOf.get(functionName.toLowerCase());
  const count = list === undefined ? 0 : countOf(call, list.counted);
  const rows = Array.from({ length: count }, (_, index) => entriesAt(call, index));
  return new Fields({
    // A structure without a policy does not say so: it has no policy (protocol/07, CreateUser).
    UsePolicy_bool: false,
    ...entriesAt(call, 0),
    ...Object.fromEntries(call.elements.flatMap(numbersIn)),
    ...(list && { [list.name]: rows }),
  });
}

function countOf(call: Pack, name: string): number {
  const key = name.toLowerCase();
  return call.elements.find((element) => element.name.toLowerCase() === key)?.values.length ?? 0;
}

/** Several numbers are a list of numbers (SetHubLog has one). */
function numbersIn(element: PackElement): [string, readonly number[]][] {
  if (element.kind !== 'int' || element.values.length < 2) return [];
  return [[`${element.name}_u32`, element.values]];
}

/** What each element says at `index`; those that say nothing there are left out. */
function entriesAt(call: Pack, index: number): Readonly<Record<string, unknown>> {
  return Object.fromEntries(call.elements.flatMap((element) => valuesAt(call, element, index)));
}

function valuesAt(call: Pack, element: PackElement, index: number): [string, unknown][] {
  const { kind, name } = element;
  if (index >= element.values.length || name.includes('@')) return []; // part of an address
  switch (kind) {
    case 'int': {
      const value = call.int(name, index);
      const address = addressAt(call, name, index);
      return [
        [`${name}_u32`, value],
        [`${name}_bool`, value !== 0],
        ...(address === undefined ? [] : [[`${name}_ip`, address] as [string, unknown]]),
      ];
    }
    case 'int64': {
      const value = call.int64(name, index);
      return [
        [`${name}_u64`, value.toString()],
        [`${name}_dt`, Number(value)],
      ];
    }
    case 'str':
      return [[`${name}_str`, call.str(name, index)]];
    case 'unistr':
      return [[`${name}_utf`, call.unistr(name, index)]];
    case 'data':
      return [[`${name}_bin`, call.data(name, index)?.toString('base64') ?? '']];
  }
}

/** protocol/01, "IP address". An IPv6 address as text that is no IPv4 address: who wants one. */
function addressAt(call: Pack, name: string, index: number): string | undefined {
  if (!call.has(`${name}@ipv6_bool`)) return undefined;
  if (call.int(`${name}@ipv6_bool`, index) !== 0) return 'IPv6';
  return intToIp4(call.int(name, index));
}
