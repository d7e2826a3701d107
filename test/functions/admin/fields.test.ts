import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AdminError } from '#functions/admin/admin-error.ts';
import { Fields } from '#functions/admin/fields.ts';
import { render, timeText } from '#functions/admin/rpc-object.ts';

/** What one field reads as; undefined for absent, 'refused' for error 38. */
function read(value: unknown, as: (fields: Fields) => unknown): unknown {
  try {
    return as(
      new Fields({
        x_bool: value,
        x_u32: value,
        x_u64: value,
        x_str: value,
        x_bin: value,
        x_dt: value,
        x_ip: value,
        x_utf: value,
      }),
    );
  } catch (error) {
    if (error instanceof AdminError && error.code === 38) return 'refused';
    throw error;
  }
}

/** Each row: what is sent, what is read. */
function table(as: (fields: Fields) => unknown, rows: readonly (readonly [unknown, unknown])[]) {
  for (const [sent, expected] of rows) {
    assert.deepEqual(read(sent, as), expected, JSON.stringify(sent));
  }
}

test('_bool: true and false, numbers, and words for them', () => {
  table(
    (fields) => fields.flag('x_bool'),
    [
      [undefined, undefined],
      [null, undefined],
      [true, true],
      [false, false],
      [1, true],
      [0, false],
      [5, true],
      ['true', true],
      ['YES', true],
      ['0', false],
      ['', false],
      ['maybe', 'refused'],
      [{}, 'refused'],
      [[], 'refused'],
    ],
  );
});

test('_u32: whole numbers of 32 bits, as digits too', () => {
  table(
    (fields) => fields.number('x_u32'),
    [
      [0, 0],
      [0xffff_ffff, 0xffff_ffff],
      [0x1_0000_0000, 'refused'],
      [-1, 'refused'],
      [1.5, 'refused'],
      ['7', 7],
      ['4294967296', 'refused'],
      ['0x10', 'refused'],
      ['', 'refused'],
      [true, 'refused'],
    ],
  );
});

test('_u64: exact as digits', () => {
  table(
    (fields) => fields.big('x_u64'),
    [
      [7, 7n],
      ['18446744073709551615', 18446744073709551615n],
      ['18446744073709551616', 'refused'],
      [-1, 'refused'],
      [2 ** 64, 'refused'],
      [true, 'refused'],
    ],
  );
});

test('_str and _utf: strings up to their bound', () => {
  table(
    (fields) => fields.text('x_str', 3),
    [
      ['', ''],
      ['abc', 'abc'],
      ['abcd', 'refused'],
      [5, 'refused'],
      [null, undefined],
    ],
  );
  table((fields) => fields.text('x_utf'), [['ü'.repeat(512), 'ü'.repeat(512)]]);
  table((fields) => fields.text('x_utf'), [['ü'.repeat(513), 'refused']]);
});

test('_bin: base64 and nothing else', () => {
  table(
    (fields) => fields.bytes('x_bin')?.toString('hex'),
    [
      ['', ''],
      ['AP8=', '00ff'],
      ['AP8', '00ff'],
      ['A-_', 'refused'],
      ['AP8= ', 'refused'],
      [7, 'refused'],
    ],
  );
});

test('_dt: ISO with and without zone, the raw number, and the zero that means never', () => {
  table(
    (fields) => fields.time('x_dt'),
    [
      ['2026-11-22T23:42:08.261Z', Date.UTC(2026, 10, 22, 23, 42, 8, 261)],
      ['2026-11-22T23:42:08.261', Date.UTC(2026, 10, 22, 23, 42, 8, 261)],
      ['2026-11-22T23:42', Date.UTC(2026, 10, 22, 23, 42)],
      ['2026-11-22', Date.UTC(2026, 10, 22)],
      ['1970-01-01T09:00:00.000Z', 0],
      ['1969-01-01', 0],
      ['', 0],
      [0, 0],
      [1, 32_400_001],
      [-1, 'refused'],
      ['2026-13-01', 'refused'],
      ['next week', 'refused'],
      ['99999-01-01', 'refused'],
      [true, 'refused'],
    ],
  );
});

test('_ip: dotted IPv4', () => {
  table(
    (fields) => fields.address('x_ip'),
    [
      ['10.0.0.1', '10.0.0.1'],
      ['10.0.0.256', 'refused'],
      ['::1', 'refused'],
      [1, 'refused'],
    ],
  );
});

test('names have no case, and prototypes no fields', () => {
  const fields = new Fields(JSON.parse('{"HUBNAME_STR":"a","__proto__":{"Name_str":"b"}}'));
  assert.equal(fields.text('HubName_str'), 'a');
  assert.equal(fields.text('Name_str'), undefined);
});

test('times read as they are written, never included', () => {
  for (const unixMs of [0, 1_795_391_728_261, 32_400_001]) {
    assert.equal(new Fields({ t_dt: timeText(unixMs) }).time('t_dt'), unixMs);
  }
});

test('results are sorted without regard to case, at every depth', () => {
  const value = { b_u32: 1, A_u32: 2, List: [{ z_str: '', 'policy:Y_bool': true }], Empty: [] };
  assert.equal(
    render(value, true),
    '{"A_u32":2,"b_u32":1,"Empty":[],"List":[{"policy:Y_bool":true,"z_str":""}]}',
  );
  assert.deepEqual(JSON.parse(render(value)), value);
});
