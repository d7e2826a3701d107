import { assert } from '#shared/kernel/assert.ts';
import { nameKey } from '#shared/kernel/ids.ts';
import { ByteReader, overLimit } from './byte-reader.ts';
import { intToIp4, ip4ToInt, timeFromWire, timeToWire } from './encoding.ts';
import { WireError } from './wire-error.ts';

/** What a reader accepts of a PACK; everything is checked before anything is kept. */
export interface PackLimits {
  readonly packBytesMax: number;
  readonly elementsMax: number;
  /** Values over all elements together. */
  readonly valuesMax: number;
  readonly nameBytesMax: number;
  readonly valueBytesMax: number;
}

/** For peers that have not logged in. */
export const loginPackLimits: PackLimits = {
  packBytesMax: 65_536,
  elementsMax: 1024,
  valuesMax: 4096,
  nameBytesMax: 63,
  valueBytesMax: 65_536,
};

/** For a client that reads a server it chose to connect to. */
export const answerPackLimits: PackLimits = {
  packBytesMax: 1_048_576,
  elementsMax: 1024,
  valuesMax: 131_072,
  nameBytesMax: 63,
  valueBytesMax: 1_048_576,
};

/** The numbers by which types travel. */
const typeNumber = { int: 0, data: 1, str: 2, unistr: 3, int64: 4 } as const;

/** Texts stay the bytes they came as, so that a PACK encodes back to what it was. */
export type PackElement =
  | { readonly kind: 'int'; readonly name: string; readonly values: readonly number[] }
  | { readonly kind: 'int64'; readonly name: string; readonly values: readonly bigint[] }
  | {
      readonly kind: 'data' | 'str' | 'unistr';
      readonly name: string;
      readonly values: readonly Buffer[];
    };

/**
 * SoftEther's flat set of named, typed arrays (`protocol/01`). Names compare without regard to
 * case. A reader that finds nothing, another type, or too few values gets 0, '' or `undefined`,
 * as in genuine programs: absence is never an error by itself.
 */
export class Pack {
  readonly #elements = new Map<string, PackElement>();

  get elements(): readonly PackElement[] {
    return [...this.#elements.values()];
  }

  has(name: string): boolean {
    return this.#elements.has(nameKey(name));
  }

  int(name: string, index = 0): number {
    return this.ints(name)[index] ?? 0;
  }

  ints(name: string): readonly number[] {
    const element = this.#elements.get(nameKey(name));
    return element?.kind === 'int' ? element.values : [];
  }

  bool(name: string): boolean {
    return this.int(name) !== 0;
  }

  str(name: string, index = 0): string {
    return textOf(this.#buffers(name, 'str')[index]);
  }

  strs(name: string): readonly string[] {
    return this.#buffers(name, 'str').map(textOf);
  }

  unistr(name: string, index = 0): string {
    return textOf(this.#buffers(name, 'unistr')[index]);
  }

  unistrs(name: string): readonly string[] {
    return this.#buffers(name, 'unistr').map(textOf);
  }

  data(name: string, index = 0): Buffer | undefined {
    return this.#buffers(name, 'data')[index];
  }

  datas(name: string): readonly Buffer[] {
    return this.#buffers(name, 'data');
  }

  /** DATA of exactly this size; of any other size it counts as absent, as in genuine readers. */
  bytes(name: string, exactSize: number): Buffer | undefined {
    const value = this.data(name);
    return value?.length === exactSize ? value : undefined;
  }

  int64(name: string, index = 0): bigint {
    return this.int64s(name)[index] ?? 0n;
  }

  int64s(name: string): readonly bigint[] {
    const element = this.#elements.get(nameKey(name));
    return element?.kind === 'int64' ? element.values : [];
  }

  /** Unix milliseconds; `undefined` if none. */
  time(name: string): number | undefined {
    return timeFromWire(this.int64(name));
  }

  /** An IPv4 address as text; `undefined` if absent or IPv6. */
  ip4(name: string): string | undefined {
    if (this.ints(name).length === 0 || this.bool(`${name}@ipv6_bool`)) return undefined;
    return intToIp4(this.int(name));
  }

  setInt(name: string, value: number): this {
    return this.setInts(name, [value]);
  }

  setInts(name: string, values: readonly number[]): this {
    for (const value of values) {
      assert(Number.isInteger(value) && value >= 0 && value <= 0xffffffff, `${name}: not a u32`);
    }
    return this.set({ kind: 'int', name, values });
  }

  setBool(name: string, value: boolean): this {
    return this.setInt(name, value ? 1 : 0);
  }

  setStr(name: string, value: string): this {
    return this.setStrs(name, [value]);
  }

  setStrs(name: string, values: readonly string[]): this {
    return this.set({ kind: 'str', name, values: values.map((value) => Buffer.from(value)) });
  }

  setUnistr(name: string, value: string): this {
    return this.setUnistrs(name, [value]);
  }

  /** A genuine writer ends each UNISTR with a NUL and counts it. */
  setUnistrs(name: string, values: readonly string[]): this {
    const buffers = values.map((value) => Buffer.from(`${value}\0`));
    return this.set({ kind: 'unistr', name, values: buffers });
  }

  setData(name: string, value: Uint8Array): this {
    return this.setDatas(name, [value]);
  }

  setDatas(name: string, values: readonly Uint8Array[]): this {
    return this.set({ kind: 'data', name, values: values.map(viewOf) });
  }

  setInt64(name: string, value: bigint): this {
    return this.setInt64s(name, [value]);
  }

  setInt64s(name: string, values: readonly bigint[]): this {
    for (const value of values) assert(BigInt.asUintN(64, value) === value, `${name}: not a u64`);
    return this.set({ kind: 'int64', name, values });
  }

  setTime(name: string, unixMs: number | undefined): this {
    return this.setInt64(name, timeToWire(unixMs));
  }

  /** The four elements in which an IPv4 address travels. */
  setIp4(name: string, address: string): this {
    return this.setInt(name, ip4ToInt(address))
      .setData(`${name}@ipv6_array`, Buffer.alloc(16))
      .setBool(`${name}@ipv6_bool`, false)
      .setInt(`${name}@ipv6_scope_id`, 0);
  }

  /** Random bytes that vary the length of what goes over HTTP; readers ignore them. */
  setPadding(padding: Uint8Array | undefined): this {
    return padding === undefined ? this : this.setData('pencore', padding);
  }

  delete(name: string): this {
    this.#elements.delete(nameKey(name));
    return this;
  }

  /** Add an element, or replace the one of that name where it stands. */
  set(element: PackElement): this {
    assert(element.values.length > 0, `${element.name}: an element has at least one value`);
    this.#elements.set(nameKey(element.name), element);
    return this;
  }

  #buffers(name: string, kind: 'data' | 'str' | 'unistr'): readonly Buffer[] {
    const element = this.#elements.get(nameKey(name));
    return element?.kind === kind ? element.values : [];
  }
}

/**
 * Read a PACK. Bytes after its last element are ignored, as genuine readers do. Values are views
 * into `buffer`.
 *
 * @throws {WireError} `pack-…`
 */
export function decodePack(buffer: Buffer, limits: PackLimits): Pack {
  if (buffer.length > limits.packBytesMax) throw overLimit(`PACK of ${buffer.length} bytes`);
  const reader = new ByteReader(buffer);
  const pack = new Pack();
  const elementCount = reader.count(limits.elementsMax, elementBytesMin, 'elements');
  let valuesLeft = limits.valuesMax;
  for (let i = 0; i < elementCount; i++) {
    const element = readElement(reader, limits, valuesLeft);
    if (pack.has(element.name)) {
      throw new WireError('pack-duplicate-name', `duplicate element ${element.name}`);
    }
    valuesLeft -= element.values.length;
    pack.set(element);
  }
  return pack;
}

/** u32 name length + 1, u32 type, u32 value count, and at least four bytes of value. */
const elementBytesMin = 16;

function readElement(reader: ByteReader, limits: PackLimits, valuesMax: number): PackElement {
  const name = readName(reader, limits.nameBytesMax);
  const type = reader.u32();
  switch (type) {
    case typeNumber.int: {
      const count = readValueCount(reader, valuesMax, 4, name);
      return { kind: 'int', name, values: times(count, () => reader.u32()) };
    }
    case typeNumber.int64: {
      const count = readValueCount(reader, valuesMax, 8, name);
      return { kind: 'int64', name, values: times(count, () => reader.u64()) };
    }
    case typeNumber.data:
      return { kind: 'data', name, values: readBlobs(reader, limits, valuesMax, name) };
    case typeNumber.str:
      return { kind: 'str', name, values: readBlobs(reader, limits, valuesMax, name) };
    case typeNumber.unistr:
      return { kind: 'unistr', name, values: readBlobs(reader, limits, valuesMax, name) };
    default:
      throw new WireError('pack-bad-type', `element ${name} has type ${type}`);
  }
}

/** The announced length is one more than the bytes that follow: a NUL is counted, never sent. */
function readName(reader: ByteReader, nameBytesMax: number): string {
  const announced = reader.u32();
  if (announced === 0) throw new WireError('pack-bad-name', 'element name of announced length 0');
  if (announced - 1 > nameBytesMax) throw overLimit(`element name of ${announced - 1} bytes`);
  return reader.take(announced - 1).toString('latin1');
}

function readValueCount(reader: ByteReader, max: number, bytesMin: number, name: string): number {
  const count = reader.count(max, bytesMin, `values in ${name}`);
  if (count === 0) throw new WireError('pack-empty-element', `element ${name} has no value`);
  return count;
}

function readBlobs(
  reader: ByteReader,
  limits: PackLimits,
  valuesMax: number,
  name: string,
): Buffer[] {
  return times(readValueCount(reader, valuesMax, 4, name), () => {
    const length = reader.u32();
    if (length > limits.valueBytesMax) throw overLimit(`value of ${length} bytes in ${name}`);
    return reader.take(length);
  });
}

/** Write a PACK, elements in the order in which they were set. */
export function encodePack(pack: Pack): Buffer {
  const elements = pack.elements;
  const buffer = Buffer.allocUnsafe(4 + elements.reduce((sum, e) => sum + encodedBytes(e), 0));
  let offset = buffer.writeUInt32BE(elements.length, 0);
  for (const element of elements) offset = writeElement(buffer, offset, element);
  assert(offset === buffer.length, 'PACK size was computed as it was written');
  return buffer;
}

function encodedBytes(element: PackElement): number {
  const head = 12 + element.name.length;
  switch (element.kind) {
    case 'int':
      return head + 4 * element.values.length;
    case 'int64':
      return head + 8 * element.values.length;
    case 'data':
    case 'str':
    case 'unistr':
      return element.values.reduce((sum, value) => sum + 4 + value.length, head);
  }
}

function writeElement(buffer: Buffer, start: number, element: PackElement): number {
  let offset = buffer.writeUInt32BE(element.name.length + 1, start);
  offset += buffer.write(element.name, offset, 'latin1');
  offset = buffer.writeUInt32BE(typeNumber[element.kind], offset);
  offset = buffer.writeUInt32BE(element.values.length, offset);
  switch (element.kind) {
    case 'int':
      for (const value of element.values) offset = buffer.writeUInt32BE(value, offset);
      return offset;
    case 'int64':
      for (const value of element.values) offset = buffer.writeBigUInt64BE(value, offset);
      return offset;
    case 'data':
    case 'str':
    case 'unistr':
      for (const value of element.values) {
        offset = buffer.writeUInt32BE(value.length, offset);
        offset += value.copy(buffer, offset);
      }
      return offset;
  }
}

/** Up to the first NUL, without white space around it: how genuine programs read texts. */
function textOf(value: Buffer | undefined): string {
  if (value === undefined) return '';
  const nul = value.indexOf(0);
  let start = 0;
  let end = nul < 0 ? value.length : nul;
  while (start < end && isSpace(value[start])) start += 1;
  while (end > start && isSpace(value[end - 1])) end -= 1;
  return value.toString('utf8', start, end);
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09;
}

function viewOf(value: Uint8Array): Buffer {
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}

function times<T>(count: number, make: () => T): T[] {
  return Array.from({ length: count }, make);
}
