import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { RpcObject, RpcValue } from '#functions/admin/rpc-object.ts';
import { timeText } from '#functions/admin/rpc-object.ts';
import { packOf } from '#functions/agent-api/admin-relay-answer.ts';
import { fieldsOf } from '#functions/agent-api/admin-relay-fields.ts';
import { answerPackLimits, decodePack, encodePack, Pack } from '#shared/wire/pack.ts';
import { capture } from '#test/support/captures.ts';

/** What comes back of a PACK that went over the wire. */
function sent(pack: Pack): Pack {
  return decodePack(encodePack(pack), answerPackLimits);
}

const text = fc.stringMatching(/^([!-~äß漢]([ -~äß漢]{0,20}[!-~äß漢])?)?$/);
const arbitraryOf = {
  u32: fc.nat(0xffff_ffff),
  u64: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
  bool: fc.boolean(),
  str: text,
  utf: text,
  bin: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('base64')),
  dt: fc.integer({ min: 32_400_001, max: 4_000_000_000_000 }).map(timeText),
  ip: fc.ipV4(),
} as const;
const suffixes = Object.keys(arbitraryOf) as (keyof typeof arbitraryOf)[];

const field = fc
  .tuple(fc.stringMatching(/^[A-Z][a-z.]{0,12}$/), fc.constantFrom(...suffixes))
  .chain(([name, suffix]) =>
    fc.tuple(
      fc.constant(`${name}${suffix}_${suffix}`),
      arbitraryOf[suffix] as fc.Arbitrary<RpcValue>,
    ),
  );
const object = fc
  .array(field, { maxLength: 12 })
  .map((fields): RpcObject => Object.fromEntries(new Map(fields)));

/** What the fields say under the names of `model`. */
function readBack(fields: ReturnType<typeof fieldsOf>, model: RpcObject): RpcObject {
  return Object.fromEntries(
    Object.keys(model).map((name): [string, RpcValue] => {
      switch (name.split('_').at(-1)) {
        case 'u32':
          return [name, fields.number(name) ?? -1];
        case 'u64':
          return [name, fields.big(name) ?? -1n];
        case 'bool':
          return [name, fields.flag(name) ?? 'absent'];
        case 'bin':
          return [name, fields.bytes(name)?.toString('base64') ?? 'absent'];
        case 'dt':
          return [name, timeText(fields.time(name) ?? -1)];
        case 'ip':
          return [name, fields.address(name) ?? 'absent'];
        default:
          return [name, fields.text(name) ?? 'absent'];
      }
    }),
  );
}

test('what is answered in a PACK reads back as what it was', () => {
  fc.assert(
    fc.property(object, (model) => {
      assert.deepEqual(readBack(fieldsOf(sent(packOf(model)), 'Any'), model), model);
    }),
    { seed: 1, numRuns: 300 },
  );
});

test('a list reads back entry by entry, and an entry that lacks a field has its zero', () => {
  const rows = fc.array(object, { maxLength: 8 });
  fc.assert(
    fc.property(rows, (given) => {
      const numbered = given.map((row, index) => ({ Value_u32: index, ...row }));
      const pack = sent(packOf({ HubName_str: 'office', AdminOptionList: numbered }));
      const list = fieldsOf(pack, 'SetHubExtOptions').objects('AdminOptionList', 10) ?? [];
      assert.equal(list.length, numbered.length);
      for (const [index, row] of numbered.entries()) {
        const fields = list[index];
        assert.ok(fields);
        assert.deepEqual(readBack(fields, row), row);
      }
      const lengths = new Set(
        pack.elements.filter(({ name }) => name !== 'HubName').map(({ values }) => values.length),
      );
      assert.ok(lengths.size <= 1, 'all elements of a list have as many values');
    }),
    { seed: 2, numRuns: 200 },
  );
});

test('never, no policy, an IPv6 address and several numbers', () => {
  const pack = sent(
    packOf({
      Last_dt: timeText(0),
      Six_ip: '2001:db8::ffff:192.0.2.1',
      Short_ip: '::1',
      Four_ip: '192.0.2.1',
      Ports_u32: [443, 992],
      None: [],
      NoPorts_u32: [],
    }),
  );
  assert.equal(pack.int64('Last'), 0n);
  assert.equal(
    pack.data('Six@ipv6_array')?.toString('hex'),
    '20010db800000000' + '0000ffffc0000201',
  );
  assert.equal(pack.int('Six@ipv6_bool'), 1);
  assert.equal(pack.data('Short@ipv6_array')?.toString('hex'), `${'00'.repeat(15)}01`);
  assert.equal(pack.ip4('Four'), '192.0.2.1');
  assert.deepEqual(pack.ints('Ports'), [443, 992]);
  assert.equal(pack.has('None') || pack.has('NoPorts'), false);
  const fields = fieldsOf(pack, 'SetUser');
  assert.equal(fields.flag('UsePolicy_bool'), false);
  assert.deepEqual(fields.numbers('Ports_u32', 2), [443, 992]);
  assert.throws(() => fields.address('Six_ip'), /no IPv4 address/);
  assert.equal(
    fieldsOf(new Pack().setBool('UsePolicy', true), 'SetUser').flag('UsePolicy_bool'),
    true,
  );
});

test('a list of nothing is a list, and a call without one has none', () => {
  const empty = new Pack().setStr('HubName', 'office').setInt('NumItem', 0);
  assert.deepEqual(fieldsOf(empty, 'SETACLIST').objects('ACList', 9), []);
  assert.equal(fieldsOf(empty, 'SetUser').objects('ACList', 9), undefined);
});

test('what a genuine vpncmd calls first', () => {
  for (const [file, name] of [
    ['10-admin-c-rpc-first', 'GetServerInfo'],
    ['10-admin-c-rpc-getcaps', 'GetCaps'],
  ] as const) {
    const frame = capture(file);
    const pack = decodePack(frame.subarray(4, 4 + frame.readUInt32BE(0)), answerPackLimits);
    assert.equal(pack.str('function_name'), name);
  }
});

test('garbage for a PACK ends in a PACK or a WireError, and in fields without fail', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      let pack: Pack;
      try {
        pack = decodePack(Buffer.from(bytes), answerPackLimits);
      } catch (error) {
        assert.equal((error as Error).name, 'WireError');
        return;
      }
      fieldsOf(pack, pack.str('function_name'));
    }),
    { seed: 3, numRuns: 500 },
  );
});
