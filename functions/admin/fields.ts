import { isIPv4 } from 'node:net';
import { assert } from '#shared/kernel/assert.ts';
import { timeFromWire } from '#shared/wire/encoding.ts';
import { errorCode } from '#shared/wire/error-code.ts';
import { AdminError } from './admin-error.ts';

const uint32Max = 0xffff_ffff;
const uint64Max = (1n << 64n) - 1n;
/** Texts nobody bounded more tightly. */
const textCharsMax = 512;

/**
 * The parameters of one call. A field's suffix says its type (protocol/07 §2); like the PACK they
 * stand for, names have no case. Absent and null fields are `undefined`, ill-typed ones error 38.
 */
export class Fields {
  readonly #values: ReadonlyMap<string, unknown>;

  constructor(params: object) {
    this.#values = new Map(
      Object.entries(params)
        .filter(([, value]) => value !== null)
        .map(([name, value]) => [name.toLowerCase(), value]),
    );
  }

  has(name: string): boolean {
    return this.#values.has(name.toLowerCase());
  }

  /** `_str` and `_utf`. */
  text(name: string, charsMax = textCharsMax): string | undefined {
    const value = this.#value(name, ['_str', '_utf']);
    if (value === undefined) return undefined;
    if (typeof value !== 'string') throw invalid(name, 'is not a string');
    if (value.length > charsMax) throw invalid(name, `has more than ${charsMax} characters`);
    return value;
  }

  /** `_bool`: true and false, or what genuine servers take for them. */
  flag(name: string): boolean | undefined {
    const value = this.#value(name, ['_bool']);
    if (value === undefined || typeof value === 'boolean') return value;
    if (typeof value === 'number') return value !== 0;
    if (typeof value === 'string') {
      if (/^(1|true|yes|y|on)$/i.test(value)) return true;
      if (/^(0|false|no|n|off|)$/i.test(value)) return false;
    }
    throw invalid(name, 'is no truth value');
  }

  /** `_u32`. */
  number(name: string): number | undefined {
    const value = this.#value(name, ['_u32']);
    if (value === undefined) return undefined;
    const number = typeof value === 'string' && /^\d{1,10}$/.test(value) ? Number(value) : value;
    if (typeof number === 'number' && Number.isInteger(number)) {
      if (number >= 0 && number <= uint32Max) return number;
    }
    throw invalid(name, 'is no number of 32 bits');
  }

  /** `_u64`; exact when sent as a string of digits, as JSON numbers are not beyond 2^53. */
  big(name: string): bigint | undefined {
    const value = this.#value(name, ['_u64']);
    if (value === undefined) return undefined;
    const text = typeof value === 'number' ? BigInt(Math.trunc(finite(name, value))) : value;
    const number = typeof text === 'string' && /^\d{1,20}$/.test(text) ? BigInt(text) : text;
    if (typeof number === 'bigint' && number >= 0n && number <= uint64Max) return number;
    throw invalid(name, 'is no number of 64 bits');
  }

  /** `_bin`: base64. */
  bytes(name: string): Buffer | undefined {
    const value = this.#value(name, ['_bin']);
    if (value === undefined) return undefined;
    if (typeof value !== 'string' || !/^[A-Za-z0-9+/]*={0,2}$/.test(value)) {
      throw invalid(name, 'is not base64');
    }
    return Buffer.from(value, 'base64');
  }

  /** `_dt` as Unix milliseconds, 0 = never: ISO 8601 in UTC, or the raw number of the PACK. */
  time(name: string): number | undefined {
    const value = this.#value(name, ['_dt']);
    if (value === undefined) return undefined;
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) {
      const unixMs = timeFromWire(BigInt(value));
      if (unixMs !== undefined) return unixMs;
    }
    if (value === 0 || value === '') return 0;
    const iso = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?Z?)?$/;
    if (typeof value === 'string' && iso.test(value)) {
      const unixMs = Date.parse(value.includes('T') && !value.endsWith('Z') ? `${value}Z` : value);
      // The PACK's zero, nine hours into 1970, is what servers print for "never".
      if (!Number.isNaN(unixMs)) return unixMs <= wireZeroMs ? 0 : unixMs;
    }
    throw invalid(name, 'is no time');
  }

  /** A list of objects, each with fields of its own (protocol/07 §2). */
  objects(name: string, countMax: number): readonly Fields[] | undefined {
    return this.#list(name, countMax)?.map((entry) => {
      if (typeof entry === 'object' && entry !== null && !Array.isArray(entry)) {
        return new Fields(entry);
      }
      throw invalid(name, 'has an entry that is no object');
    });
  }

  /** A list of `_u32`. */
  numbers(name: string, countMax: number): readonly number[] | undefined {
    return this.#list(name, countMax)?.map((entry) => {
      if (typeof entry === 'number' && Number.isInteger(entry)) {
        if (entry >= 0 && entry <= uint32Max) return entry;
      }
      throw invalid(name, 'has an entry that is no number of 32 bits');
    });
  }

  #list(name: string, countMax: number): readonly unknown[] | undefined {
    const value = this.#values.get(name.toLowerCase());
    if (value === undefined) return undefined;
    if (!Array.isArray(value)) throw invalid(name, 'is no list');
    if (value.length > countMax) throw invalid(name, `has more than ${countMax} entries`);
    return value;
  }

  /** `_ip`: dotted IPv4. */
  address(name: string): string | undefined {
    const value = this.#value(name, ['_ip']);
    if (value === undefined) return undefined;
    if (typeof value !== 'string' || !isIPv4(value)) throw invalid(name, 'is no IPv4 address');
    return value;
  }

  #value(name: string, suffixes: readonly string[]): unknown {
    assert(
      suffixes.some((suffix) => name.endsWith(suffix)),
      `${name} is read as a type its suffix does not say`,
    );
    return this.#values.get(name.toLowerCase());
  }
}

/** Wire time 0 (protocol/01). */
export const wireZeroMs = 32_400_000;

function finite(name: string, value: number): number {
  if (!Number.isFinite(value)) throw invalid(name, 'is no number');
  return value;
}

function invalid(name: string, why: string): AdminError {
  return new AdminError(errorCode.invalidParameter, `${name} ${why}`);
}
