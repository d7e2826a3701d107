/** The few DER encodings (X.690) an X.509 certificate needs. Definite lengths only. */

const tag = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Tag, length in its shortest form, content. */
function encode(tagByte: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  return Buffer.concat([Buffer.from([tagByte]), length(content.length), content]);
}

function length(bytes: number): Buffer {
  if (bytes < 0x80) return Buffer.from([bytes]);
  const digits: number[] = [];
  for (let rest = bytes; rest > 0; rest >>>= 8) digits.unshift(rest & 0xff);
  return Buffer.from([0x80 | digits.length, ...digits]);
}

export const sequence = (...items: readonly Buffer[]): Buffer => encode(tag.sequence, ...items);
export const set = (...items: readonly Buffer[]): Buffer => encode(tag.set, ...items);
export const utf8String = (text: string): Buffer => encode(tag.utf8String, Buffer.from(text));
export const octetString = (content: Buffer): Buffer => encode(tag.octetString, content);

/** `[number]` around complete encodings (explicit, or implicit of a constructed type). */
export const constructed = (number: number, ...items: readonly Buffer[]): Buffer =>
  encode(0xa0 | number, ...items);

/** `[number]` in place of a primitive type's own tag. */
export const primitive = (number: number, content: Buffer): Buffer =>
  encode(0x80 | number, content);

export const boolean = (value: boolean): Buffer => Buffer.from([0x01, 0x01, value ? 0xff : 0]);

/** A non-negative integer given as big-endian bytes. */
export function integer(bytes: Buffer): Buffer {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start += 1;
  const digits = bytes.subarray(start);
  const sign = (digits[0] ?? 0) & 0x80 ? Buffer.from([0]) : Buffer.alloc(0);
  return encode(tag.integer, sign, digits);
}

/** A bit string; `unusedBits` of its last byte do not count. */
export const bitString = (content: Buffer, unusedBits = 0): Buffer =>
  encode(tag.bitString, Buffer.from([unusedBits]), content);

/** An object identifier from its dotted form. */
export function objectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return encode(tag.objectIdentifier, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

function base128(value: number): number[] {
  const digits = [value & 0x7f];
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) {
    digits.unshift((rest & 0x7f) | 0x80);
  }
  return digits;
}

/** RFC 5280 §4.1.2.5: UTCTime up to 2049, GeneralizedTime from 2050; whole seconds, Zulu. */
export function time(unixMs: number): Buffer {
  const date = new Date(unixMs);
  const digits = `${date.toISOString().slice(0, 19).replace(/[-T:]/g, '')}Z`;
  return date.getUTCFullYear() < 2050
    ? encode(tag.utcTime, Buffer.from(digits.slice(2)))
    : encode(tag.generalizedTime, Buffer.from(digits));
}
