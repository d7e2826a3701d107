import fc from 'fast-check';

/** One change to an input. Positions are fractions, so that it means something to any input. */
export interface Mutation {
  readonly kind:
    | 'flip'
    | 'set8'
    | 'set16'
    | 'set32'
    | 'insert'
    | 'remove'
    | 'repeat'
    | 'cut'
    | 'splice';
  readonly at: number;
  readonly value: number;
  readonly bytes: number;
}

const kinds: readonly Mutation['kind'][] = [
  'flip',
  'set8',
  'set16',
  'set32',
  'insert',
  'remove',
  'repeat',
  'cut',
  'splice',
];
/** What length fields and counters break at. */
const interesting: readonly number[] = [
  0, 1, 2, 4, 0x7f, 0x80, 0xff, 0x100, 0x640, 0xc80, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff,
  0x80000000, 0xfffffffe, 0xffffffff,
];
const changedBytesMax = 64;
/** An input that grows without end is no use. */
const inputBytesMax = 16_384;

export const mutationsMax = 6;

/** For fast-check, which can shrink them. */
export const mutations: fc.Arbitrary<readonly Mutation[]> = fc.array(
  fc.record({
    kind: fc.constantFrom(...kinds),
    at: fc.integer({ min: 0, max: 9_999 }).map((n) => n / 10_000),
    value: fc.oneof(fc.constantFrom(...interesting), fc.nat(0xffffffff)),
    bytes: fc.integer({ min: 1, max: changedBytesMax }),
  }),
  { maxLength: mutationsMax },
);

/** For the guided search. @param below uniform in [0, limit) */
export function drawMutations(below: (limit: number) => number): Mutation[] {
  return Array.from({ length: 1 + below(mutationsMax) }, () => ({
    kind: kinds[below(kinds.length)] as Mutation['kind'],
    at: below(10_000) / 10_000,
    value: below(2) === 0 ? (interesting[below(interesting.length)] as number) : below(0x100000000),
    bytes: 1 + below(changedBytesMax),
  }));
}

/** @param other what may be spliced in */
export function mutated(input: Buffer, changes: readonly Mutation[], other: Buffer): Buffer {
  let bytes: Buffer = Buffer.from(input);
  for (const change of changes) bytes = apply(bytes, change, other).subarray(0, inputBytesMax);
  return bytes;
}

function apply(bytes: Buffer, { kind, at, value, bytes: length }: Mutation, other: Buffer): Buffer {
  const offset = Math.floor(at * bytes.length);
  const end = Math.min(bytes.length, offset + length);
  switch (kind) {
    case 'flip':
      if (offset < bytes.length) bytes[offset] = (bytes[offset] as number) ^ (1 << (value & 7));
      return bytes;
    case 'set8':
      if (offset < bytes.length) bytes[offset] = value & 0xff;
      return bytes;
    case 'set16':
      if (offset + 2 <= bytes.length) bytes.writeUInt16BE(value & 0xffff, offset);
      return bytes;
    case 'set32':
      if (offset + 4 <= bytes.length) bytes.writeUInt32BE(value >>> 0, offset);
      return bytes;
    case 'insert':
      return Buffer.concat([
        bytes.subarray(0, offset),
        Buffer.alloc(length, value & 0xff),
        bytes.subarray(offset),
      ]);
    case 'remove':
      return Buffer.concat([bytes.subarray(0, offset), bytes.subarray(end)]);
    case 'repeat':
      return Buffer.concat([bytes.subarray(0, end), bytes.subarray(offset)]);
    case 'cut':
      return bytes.subarray(0, offset);
    case 'splice':
      return Buffer.concat([
        bytes.subarray(0, offset),
        other.subarray(Math.floor(at * other.length)),
      ]);
  }
}
