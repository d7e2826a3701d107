import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  answerPackLimits,
  decodePack,
  encodePack,
  loginPackLimits,
  Pack,
  type PackLimits,
} from '#shared/wire/pack.ts';
import { WireError } from '#shared/wire/wire-error.ts';
import { capture, captureBody, packCaptureNames, rpcCaptureNames } from '#test/support/captures.ts';
import { cpuMsOf } from '#test/support/cpu.ts';
import { assertRefused } from './genuine.ts';
import { type NaiveElement, naiveDecode, naiveEncode } from './naive-pack.ts';

const workedExample = [
  '00000007000000076d6574686f640000000200000001000000056c6f67696e00',
  '0000096175746874797065000000000000000100000001000000095265616c6e',
  '616d650000000300000001000000055a6fc3ab0000000005506f727400000000',
  '00000002000001bb000003e00000000574696d650000000400000001000001a2',
  '03b5130500000003497000000000000000010100000a0000000772616e646f6d',
  '00000001000000010000000400010203',
].join('');

/** All captured PACKs, whole bodies and administration frames without their length. */
const packs: readonly (readonly [string, Buffer])[] = [
  ...packCaptureNames.map((name) => [name, captureBody(name)] as const),
  ...rpcCaptureNames.flatMap((name) =>
    rpcFrames(capture(name)).map((frame, i) => [`${name}#${i}`, frame] as const),
  ),
];

test('there are captures to test with', () => {
  assert.ok(packs.length >= 29, `${packs.length} PACKs`);
});

describe('captured PACKs', () => {
  for (const [name, bytes] of packs) {
    test(`${name} decodes and encodes to the same bytes`, () => {
      assert.deepEqual(encodePack(decodePack(bytes, loginPackLimits)), bytes);
    });

    test(`${name} reads as a naive reader reads it`, () => {
      const naive = naiveDecode(bytes.toString('hex'));
      assert.deepEqual(asNaive(decodePack(bytes, loginPackLimits)), naive);
      assert.equal(naiveEncode(naive), bytes.toString('hex'));
    });

    test(`${name} cut anywhere is told to be truncated`, () => {
      for (let length = 0; length < bytes.length; length++) {
        assertRefused('pack-truncated', () =>
          decodePack(bytes.subarray(0, length), loginPackLimits),
        );
      }
    });
  }
});

describe('the worked example', () => {
  const bytes = Buffer.from(workedExample, 'hex');

  test('reads as described', () => {
    const pack = decodePack(bytes, loginPackLimits);
    assert.equal(pack.str('method'), 'login');
    assert.equal(pack.int('authtype'), 1);
    assert.equal(pack.unistr('Realname'), 'Zoë');
    assert.deepEqual(pack.ints('Port'), [443, 992]);
    assert.equal(pack.int('Port', 1), 992);
    assert.equal(pack.int64('time'), 1795358528261n);
    assert.equal(pack.time('time'), Date.parse('2026-11-22T23:42:08.261Z'));
    assert.equal(pack.ip4('Ip'), '10.0.0.1');
    assert.deepEqual(pack.data('random'), Buffer.from([0, 1, 2, 3]));
  });

  test('is what the builder writes', () => {
    const pack = new Pack()
      .setStr('method', 'login')
      .setInt('authtype', 1)
      .setUnistr('Realname', 'Zoë')
      .setInts('Port', [443, 992])
      .setTime('time', Date.parse('2026-11-22T23:42:08.261Z'))
      .setInt('Ip', 0x0100000a)
      .setData('random', Buffer.from([0, 1, 2, 3]));
    assert.equal(encodePack(pack).toString('hex'), workedExample);
  });

  test('bytes after the last element are ignored', () => {
    const longer = Buffer.concat([bytes, Buffer.from('garbage')]);
    assert.equal(encodePack(decodePack(longer, loginPackLimits)).toString('hex'), workedExample);
  });
});

describe('reading', () => {
  test('names compare without regard to case', () => {
    const pack = new Pack().setStr('groupname', 'g');
    assert.ok(pack.has('GroupName'));
    assert.equal(pack.str('GroupName'), 'g');
  });

  test('what is absent, of another type or past the end reads as nothing', () => {
    const pack = new Pack()
      .setStr('text', 'x')
      .setInt('number', 7)
      .setData('blob', Buffer.alloc(3));
    assert.equal(pack.int('text'), 0);
    assert.deepEqual(pack.ints('absent'), []);
    assert.equal(pack.int('number', 1), 0);
    assert.equal(pack.bool('absent'), false);
    assert.equal(pack.str('number'), '');
    assert.equal(pack.str('text', 1), '');
    assert.equal(pack.unistr('text'), '');
    assert.equal(pack.data('text'), undefined);
    assert.equal(pack.int64('number'), 0n);
    assert.equal(pack.time('absent'), undefined);
    assert.equal(pack.ip4('absent'), undefined);
  });

  test('DATA of another size than asked for counts as absent', () => {
    const pack = new Pack().setData('blob', Buffer.alloc(20));
    assert.equal(pack.bytes('blob', 19), undefined);
    assert.equal(pack.bytes('blob', 20)?.length, 20);
    assert.equal(pack.bytes('blob', 21), undefined);
  });

  test('texts end at a NUL and lose the spaces around them', () => {
    const pack = new Pack().setStr('a', ' \tal ice ').setStr('b', 'bob\0mallory');
    assert.equal(pack.str('a'), 'al ice');
    assert.equal(pack.str('b'), 'bob');
  });

  test('a text with tens of thousands of spaces inside costs no more than another', () => {
    const text = `a${' '.repeat(65_000)}b`;
    const pack = new Pack().setStr('method', text);
    assert.ok(cpuMsOf(() => assert.equal(pack.str('method'), text)) < 500);
  });

  test('UNISTR reads with and without its NUL', () => {
    const values = [Buffer.from('Zoë\0'), Buffer.from('Zoë')];
    const pack = new Pack().set({ kind: 'unistr', name: 'n', values });
    assert.deepEqual(pack.unistrs('n'), ['Zoë', 'Zoë']);
  });

  test('an address flagged IPv6 is no IPv4 address', () => {
    const pack = new Pack().setIp4('Ip', '10.0.0.1').setBool('Ip@ipv6_bool', true);
    assert.equal(pack.ip4('Ip'), undefined);
  });

  test('an address travels as four elements', () => {
    const redirect = decodePack(captureBody('01-ctl-s-redirect'), loginPackLimits);
    const ours = new Pack().setIp4('Ip', '10.77.0.2');
    for (const { name } of ours.elements) {
      const theirs = redirect.elements.find((element) => element.name === name);
      assert.deepEqual(
        ours.elements.find((element) => element.name === name),
        theirs,
      );
    }
  });

  test('decoded values are views into what was decoded', () => {
    const bytes = captureBody('01-ctl-s-redirect');
    const certificate = decodePack(bytes, loginPackLimits).data('Cert');
    assert.equal(certificate?.buffer, bytes.buffer);
  });
});

describe('building', () => {
  test('setting a name again replaces its element where it stands', () => {
    const pack = new Pack().setInt('a', 1).setInt('b', 2).setStr('A', 'x');
    assert.deepEqual(
      pack.elements.map(({ name, kind }) => `${name}:${kind}`),
      ['A:str', 'b:int'],
    );
  });

  test('numbers out of range, and elements without values, are our bug', () => {
    const bug = { name: 'AssertionFailure' };
    assert.throws(() => new Pack().setInt('a', -1), bug);
    assert.throws(() => new Pack().setInt('a', 2 ** 32), bug);
    assert.throws(() => new Pack().setInt('a', 1.5), bug);
    assert.throws(() => new Pack().setInt64('a', -1n), bug);
    assert.throws(() => new Pack().setInt64('a', 1n << 64n), bug);
    assert.throws(() => new Pack().setStrs('a', []), bug);
  });
});

describe('refusals', () => {
  const element = (name: string, type: number, values: (number | string)[]): NaiveElement => ({
    name,
    type,
    values,
  });
  const decode = (elements: NaiveElement[], limits: PackLimits = loginPackLimits): Pack =>
    decodePack(Buffer.from(naiveEncode(elements), 'hex'), limits);

  test('a duplicate name, in whatever case, spoils the whole PACK', () => {
    const elements = [element('hubname', 0, [1]), element('HubName', 2, ['41'])];
    assertRefused('pack-duplicate-name', () => decode(elements));
  });

  test('an element without values spoils the whole PACK', () => {
    const trailing = element('trailing', 0, [1]);
    assertRefused('pack-empty-element', () => decode([element('a', 0, []), trailing]));
  });

  test('an unknown type is refused', () => {
    assertRefused('pack-bad-type', () => decode([element('a', 5, ['00'])]));
  });

  test('a name of announced length 0 is refused, an empty name is not', () => {
    const bytes = Buffer.from(naiveEncode([element('', 0, [1])]), 'hex');
    assert.equal(decodePack(bytes, loginPackLimits).int(''), 1);
    bytes.writeUInt32BE(0, 4);
    assertRefused('pack-bad-name', () => decodePack(bytes, loginPackLimits));
  });

  const tight: PackLimits = {
    packBytesMax: 1000,
    elementsMax: 5,
    valuesMax: 9,
    nameBytesMax: 7,
    valueBytesMax: 11,
  };
  const many = (count: number): NaiveElement[] =>
    Array.from({ length: count }, (_, i) => element(`e${i}`, 0, [i]));
  const cases: Readonly<Record<keyof PackLimits, (size: number) => NaiveElement[]>> = {
    // One element named 'd': 4 + 4 + 1 + 4 + 4 + 4 bytes around its value.
    packBytesMax: (size) => [element('d', 1, ['00'.repeat(size - 21)])],
    elementsMax: many,
    valuesMax: (size) => [element('a', 0, [1, 2, 3]), element('b', 0, Array(size - 3).fill(0))],
    nameBytesMax: (size) => [element('n'.repeat(size), 0, [1])],
    valueBytesMax: (size) => [element('v', 2, ['41'.repeat(size)])],
  };
  for (const [name, make] of Object.entries(cases)) {
    test(`${name}: one less and exactly are read, one more is refused`, () => {
      const limit = tight[name as keyof PackLimits];
      const limits = name === 'packBytesMax' ? { ...tight, valueBytesMax: 1000 } : tight;
      decode(make(limit - 1), limits);
      decode(make(limit), limits);
      assertRefused('pack-over-limit', () => decode(make(limit + 1), limits));
    });
  }

  for (const [what, offset] of [
    ['elements', 0],
    ['name length', 4],
    ['values', 13],
    ['value length', 17],
  ] as const) {
    test(`an announced number of ${what} of 2^32-1 costs nothing`, () => {
      const bytes = Buffer.from(naiveEncode([element('d', 1, ['00112233'])]), 'hex');
      bytes.writeUInt32BE(0xffffffff, offset);
      const unlimited: PackLimits = {
        packBytesMax: 2 ** 40,
        elementsMax: 2 ** 40,
        valuesMax: 2 ** 40,
        nameBytesMax: 2 ** 40,
        valueBytesMax: 2 ** 40,
      };
      assertRefused('pack-over-limit', () => decodePack(bytes, loginPackLimits));
      assertRefused('pack-truncated', () => decodePack(bytes, unlimited));
    });
  }
});

describe('properties', () => {
  const name = fc.string({ unit: fc.constantFrom(...'abcXYZ:@_.09'), maxLength: 20 });
  const u32 = fc.nat(0xffffffff);
  const u64 = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }).map(String);
  const blob = fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes).toString('hex'));
  const values = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T[]> =>
    fc.array(value, { minLength: 1, maxLength: 6 });
  const plain = { noNullPrototype: true };
  const naiveElement: fc.Arbitrary<NaiveElement> = fc.oneof(
    fc.record({ name, type: fc.constant(0), values: values(u32) }, plain),
    fc.record({ name, type: fc.constantFrom(1, 2, 3), values: values(blob) }, plain),
    fc.record({ name, type: fc.constant(4), values: values(u64) }, plain),
  );
  const naivePack = fc.uniqueArray(naiveElement, {
    selector: (element) => element.name.toLowerCase(),
    maxLength: 12,
  });

  test('any PACK reads and writes as the naive one does', () => {
    fc.assert(
      fc.property(naivePack, (elements) => {
        const hex = naiveEncode(elements);
        const pack = decodePack(Buffer.from(hex, 'hex'), loginPackLimits);
        assert.deepEqual(asNaive(pack), elements);
        assert.equal(encodePack(pack).toString('hex'), hex);
      }),
    );
  });

  test('garbage never throws anything but a WireError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        decodesOrIsRefused(Buffer.from(bytes));
      }),
      { numRuns: 1000 },
    );
  });

  test('mutated captures never throw anything but a WireError', () => {
    const mutation = fc.tuple(fc.nat(), fc.nat(255));
    fc.assert(
      fc.property(
        fc.constantFrom(...packs),
        fc.array(mutation, { minLength: 1, maxLength: 8 }),
        fc.boolean(),
        ([, original], mutations, cutOff) => {
          const bytes = Buffer.from(original);
          for (const [at, value] of mutations) bytes[at % bytes.length] = value;
          decodesOrIsRefused(cutOff ? bytes.subarray(0, (mutations[0]?.[0] ?? 0) % 400) : bytes);
        },
      ),
      { numRuns: 1000 },
    );
  });
});

/** A PACK may be garbage; what comes out of it must then still encode and decode alike. */
function decodesOrIsRefused(bytes: Buffer): void {
  let pack: Pack;
  try {
    pack = decodePack(bytes, answerPackLimits);
  } catch (error) {
    assert.ok(error instanceof WireError, String(error));
    return;
  }
  const again = encodePack(pack);
  assert.deepEqual(bytes.subarray(0, again.length), again);
}

function asNaive(pack: Pack): NaiveElement[] {
  const types = { int: 0, data: 1, str: 2, unistr: 3, int64: 4 };
  return pack.elements.map((element) => ({
    name: element.name,
    type: types[element.kind],
    values: element.values.map((value) => {
      if (typeof value === 'number') return value;
      return typeof value === 'bigint' ? value.toString() : value.toString('hex');
    }),
  }));
}

function rpcFrames(bytes: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  for (let offset = 0; offset < bytes.length; ) {
    const end = offset + 4 + bytes.readUInt32BE(offset);
    frames.push(bytes.subarray(offset + 4, end));
    offset = end;
  }
  return frames;
}
