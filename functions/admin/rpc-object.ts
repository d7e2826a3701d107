import { wireZeroMs } from './fields.ts';

export type RpcValue = string | number | bigint | boolean | readonly RpcValue[] | RpcObject;
/** A result as it is answered: names carry their type as suffix (protocol/07 §2). */
export type RpcObject = { readonly [name: string]: RpcValue };

/** What a `_dt` field says for Unix milliseconds; 0 (never) is the PACK's zero. */
export function timeText(unixMs: number): string {
  return new Date(unixMs === 0 ? wireZeroMs : unixMs).toISOString();
}

/** Fields nobody here knows a value for, each the zero of its type. */
export function zeros(names: readonly string[]): RpcObject {
  return Object.fromEntries(names.map((name) => [name, zeroOf(name)]));
}

function zeroOf(name: string): RpcValue {
  if (name.endsWith('_bool')) return false;
  if (name.endsWith('_u32') || name.endsWith('_u64')) return 0;
  if (name.endsWith('_dt')) return timeText(0);
  if (name.endsWith('_ip')) return '0.0.0.0';
  return '';
}

const trafficNames = ['Recv', 'Send'].flatMap((direction) =>
  ['Broadcast', 'Unicast'].flatMap((kind) => [
    `${direction}.${kind}Bytes_u64`,
    `${direction}.${kind}Count_u64`,
  ]),
);

/** Members do not report traffic yet; lists say so by `IsTrafficFilled_bool` false. */
export const noTraffic: RpcObject = zeros(trafficNames);
export const noTrafficInList: RpcObject = {
  ...zeros(trafficNames.map((name) => `Ex.${name}`)),
  IsTrafficFilled_bool: false,
};

/** The base64 of `size` zero bytes: how genuine servers withhold a hash. */
export function withheld(size: number): string {
  return Buffer.alloc(size).toString('base64');
}

/**
 * JSON as genuine servers print it: four spaces, keys sorted without regard to case. `compact`
 * leaves the spaces out. Unlike JSON.stringify it takes 64-bit numbers.
 */
export function render(value: RpcValue, compact = false, indent = ''): string {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object') return JSON.stringify(value);
  const deeper = compact ? '' : `${indent}    `;
  const parts = isList(value)
    ? value.map((entry) => render(entry, compact, deeper))
    : sortedEntries(value).map(
        ([name, entry]) =>
          `${JSON.stringify(name)}:${compact ? '' : ' '}${render(entry, compact, deeper)}`,
      );
  const [open, close] = isList(value) ? '[]' : '{}';
  if (parts.length === 0) return `${open}${close}`;
  if (compact) return `${open}${parts.join(',')}${close}`;
  return `${open}\n${deeper}${parts.join(`,\n${deeper}`)}\n${indent}${close}`;
}

function isList(value: readonly RpcValue[] | RpcObject): value is readonly RpcValue[] {
  return Array.isArray(value);
}

function sortedEntries(value: RpcObject): [string, RpcValue][] {
  return Object.entries(value)
    .map(([name, entry]): [string, string, RpcValue] => [name.toLowerCase(), name, entry])
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([, name, entry]) => [name, entry]);
}
