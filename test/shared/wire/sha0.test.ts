import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { hashPassword, hashServerPassword, securePassword } from '#shared/wire/password.ts';
import { sha0 } from '#shared/wire/sha0.ts';

const countingRandom = Buffer.from(Array.from({ length: 20 }, (_, i) => i));

for (const [input, digest] of [
  ['', 'f96cea198ad1dd5617ac084a3d92c6107708c0ef'],
  ['abc', '0164b8a914cd2a5e74c4f7ff082c4d97f1edf880'],
  ['a'.repeat(64), '6381391134b901db7a5a03699339bca31c409dde'],
  ['secret1', 'a31571f34bb22343d11d2ac6b50617a2b8ee52c3'],
  ['hubpwADMINISTRATOR', '05132281fae39f4963c89edddb7c01436a726b3f'],
] as const) {
  test(`SHA-0 of '${input.slice(0, 20)}' (${input.length} bytes)`, () => {
    assert.equal(sha0(Buffer.from(input)).toString('hex'), digest);
  });
}

test('SHA-0 agrees with a naive one, which is SHA-1 but for the rotation', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const sha1 = createHash('sha1').update(bytes).digest('hex');
      assert.equal(naive(bytes, 1), sha1);
      assert.equal(sha0(bytes).toString('hex'), naive(bytes, 0));
    }),
    { examples: [55, 56, 63, 64, 119, 120].map((size) => [new Uint8Array(size)]) },
  );
});

test('parts hash as one message', () => {
  assert.deepEqual(
    sha0(Buffer.from('hub'), Buffer.from(''), Buffer.from('pw')),
    sha0(Buffer.from('hubpw')),
  );
});

for (const [user, password, hashed, secure] of [
  [
    'Alice',
    'pass1234',
    '47473039c0e4b119d7634c87cbf15e077315c380',
    '71e4094e62577571612ed83a43d9106c8191caaa',
  ],
  [
    'alice',
    'pass1234',
    '47473039c0e4b119d7634c87cbf15e077315c380',
    '71e4094e62577571612ed83a43d9106c8191caaa',
  ],
  [
    'anon',
    'pass1234',
    '3ce2cbaa1d6b758f1d646d897a8d8812959875f0',
    '782f6d3472e251f0ff15e98d29b12778e4d91eee',
  ],
  [
    'bob',
    '',
    '128a414bed43ede42b94c12161f0e9cfea4c4996',
    '5bf25b4b679b3de94ce0395e6aeb6f8e81b7fd16',
  ],
  [
    'Administrator',
    'hubpw',
    '05132281fae39f4963c89edddb7c01436a726b3f',
    '80e806201a3d49d2424f7f8a33bf034b41cbd378',
  ],
] as const) {
  test(`password of ${user}: stored and sent form`, () => {
    const stored = hashPassword(password, user);
    assert.equal(stored.toString('hex'), hashed);
    assert.equal(securePassword(stored, countingRandom).toString('hex'), secure);
  });
}

for (const [password, stored, answer] of [
  ['', 'f96cea198ad1dd5617ac084a3d92c6107708c0ef', '9ebd2b921d4306a329d9bd41b40281c703c51bfc'],
  [
    'secret1',
    'a31571f34bb22343d11d2ac6b50617a2b8ee52c3',
    '802cd71f9b0af23fbb3b6c65040e3b28365c2ac7',
  ],
  ['hubpw', '028781567cd1636dfb16bb3587b368d01fbb0e6a', 'de808a42fd3948abfb963659c4b7693dfa16d829'],
] as const) {
  test(`administration password '${password}': stored and sent form`, () => {
    assert.equal(hashServerPassword(password).toString('hex'), stored);
    assert.equal(
      securePassword(hashServerPassword(password), countingRandom).toString('hex'),
      answer,
    );
  });
}

test('only ASCII letters of a user name become upper case', () => {
  assert.deepEqual(hashPassword('p', 'zoë'), hashPassword('p', 'ZOë'));
  assert.notDeepEqual(hashPassword('p', 'zoë'), hashPassword('p', 'ZOË'));
});

/** FIPS 180-1 word by word in big integers, with the schedule's rotation as a parameter. */
function naive(message: Uint8Array, scheduleRotation: bigint | number): string {
  const mask = 0xffffffffn;
  const rotate = (x: bigint, n: bigint): bigint => ((x << n) | (x >> (32n - n))) & mask;
  const bits = BigInt(message.length * 8)
    .toString(16)
    .padStart(16, '0');
  let hex = `${Buffer.from(message).toString('hex')}80`;
  while (hex.length % 128 !== 112) hex += '00';
  hex += bits;
  const h = [0x67452301n, 0xefcdab89n, 0x98badcfen, 0x10325476n, 0xc3d2e1f0n];
  const word = (list: readonly bigint[], i: number): bigint => list[i] ?? 0n;
  for (let block = 0; block < hex.length; block += 128) {
    const w: bigint[] = [];
    for (let t = 0; t < 16; t++) w.push(BigInt(`0x${hex.slice(block + t * 8, block + t * 8 + 8)}`));
    for (let t = 16; t < 80; t++) {
      const mixed = word(w, t - 3) ^ word(w, t - 8) ^ word(w, t - 14) ^ word(w, t - 16);
      w.push(rotate(mixed, BigInt(scheduleRotation)));
    }
    let [a = 0n, b = 0n, c = 0n, d = 0n, e = 0n] = h;
    for (let t = 0; t < 80; t++) {
      const [f, k] = round(t, b, c, d);
      const next = (rotate(a, 5n) + f + e + k + word(w, t)) & mask;
      [a, b, c, d, e] = [next, a, rotate(b, 30n), c, d];
    }
    [a, b, c, d, e].forEach((value, i) => {
      h[i] = (word(h, i) + value) & mask;
    });
  }
  return h.map((value) => value.toString(16).padStart(8, '0')).join('');
}

function round(t: number, b: bigint, c: bigint, d: bigint): [bigint, bigint] {
  if (t < 20) return [(b & c) | (~b & 0xffffffffn & d), 0x5a827999n];
  if (t < 40) return [b ^ c ^ d, 0x6ed9eba1n];
  if (t < 60) return [(b & c) | (b & d) | (c & d), 0x8f1bbcdcn];
  return [b ^ c ^ d, 0xca62c1d6n];
}
