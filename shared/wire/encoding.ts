import { createHash } from 'node:crypto';
import { isIPv4 } from 'node:net';
import { assert } from '#shared/kernel/assert.ts';

/** SoftEther counts time from nine hours after the Unix epoch (`protocol/01`, "time"). */
const timeOffsetMs = 32_400_000n;
const uint64Range = 1n << 64n;

/** Reverse the bytes of a u32: so travel addresses and node-info numbers (`protocol/02` §8). */
export function byteSwap32(value: number): number {
  return (
    ((value >>> 24) | ((value >>> 8) & 0xff00) | ((value << 8) & 0xff0000) | (value << 24)) >>> 0
  );
}

/** `10.77.0.2` → 0x02004d0a: the INT in which an IPv4 address travels, least byte first. */
export function ip4ToInt(address: string): number {
  assert(isIPv4(address), `not an IPv4 address: ${address}`);
  const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
  return (a | (b << 8) | (c << 16) | (d << 24)) >>> 0;
}

export function intToIp4(value: number): string {
  return [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24].join('.');
}

/** Unix milliseconds → wire time; `undefined` ("none") → 0. */
export function timeToWire(unixMs: number | undefined): bigint {
  if (unixMs === undefined) return 0n;
  return BigInt.asUintN(64, BigInt(Math.trunc(unixMs)) - timeOffsetMs);
}

/** The last moment a `Date` can hold (ECMA-262, Time Values). */
const unixMsMax = 8_640_000_000_000_000n;

/** Wire time → Unix milliseconds; 0 ("none") and what no clock of ours could show → `undefined`. */
export function timeFromWire(value: bigint): number | undefined {
  if (value === 0n) return undefined;
  const signed = BigInt.asIntN(64, value % uint64Range) + timeOffsetMs;
  return signed < 0n || signed > unixMsMax ? undefined : Number(signed);
}

/** SHA-256 of a DER certificate in lower-case hex: how logs and consoles name a certificate. */
export function certificateFingerprint(der: Uint8Array): string {
  return createHash('sha256').update(der).digest('hex');
}
