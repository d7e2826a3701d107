import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  above,
  all,
  always,
  any,
  atMost,
  attributeAbsent,
  below,
  type Condition,
  getManyMax,
  is,
  isNot,
  itemAbsent,
  itemPresent,
  type Key,
  oneOf,
  sizeBelow,
  type Table,
} from '#functions/store/table.ts';

const key: Key = { pk: 'HUB#a', sk: 'CONFIG' };

/** What every {@link Table} does, on one engine. Each test gets an empty table. */
export function tableContract(engine: string, emptyTable: () => Promise<Table>): void {
  const fact = (name: string, body: (table: Table) => Promise<void>): void => {
    test(`${engine}: ${name}`, async () => body(await emptyTable()));
  };

  fact('what was put is read back, bytes and nested lists included', async (table) => {
    const attributes = {
      text: 'ü',
      number: -1.5,
      flag: false,
      nothing: null,
      bytes: new Uint8Array([0, 255]),
      list: [1, { deep: ['x'] }],
      empty: [],
    };
    const outcome = await table.put(key, attributes, always);
    assert.equal(outcome.kind, 'written');
    assert.deepEqual(await table.get(key), { ...key, ...attributes });
    assert.equal(await table.get({ ...key, sk: 'OTHER' }), undefined);
  });

  fact('a put replaces the whole item', async (table) => {
    await table.put(key, { one: 1, two: 2 }, always);
    await table.put(key, { two: 3 }, always);
    assert.deepEqual(await table.get(key), { ...key, two: 3 });
  });

  fact('a refused write tells what was stored, and changes nothing', async (table) => {
    await table.put(key, { version: 1 }, itemAbsent);
    const stored = { ...key, version: 1 };
    const refused = { kind: 'refused', current: stored };
    assert.deepEqual(await table.put(key, { version: 2 }, itemAbsent), refused);
    assert.deepEqual(await table.update(key, { set: { version: 2 } }, is('version', 7)), refused);
    assert.deepEqual(await table.delete(key, is('version', 7)), refused);
    assert.deepEqual(await table.get(key), stored);
    const nothing = { kind: 'refused', current: undefined };
    const other = { ...key, sk: 'OTHER' };
    assert.deepEqual(await table.update(other, { set: { version: 2 } }, itemPresent), nothing);
    assert.deepEqual(await table.delete(other, itemPresent), nothing);
    assert.equal(await table.get(other), undefined);
  });

  fact('an update sets, adds, appends and removes, and tells the item after', async (table) => {
    await table.put(key, { keep: 1, count: 5, list: ['a'], gone: true }, always);
    const outcome = await table.update(
      key,
      { set: { fresh: 'x' }, add: { count: -2 }, append: { list: ['b', 'c'] }, remove: ['gone'] },
      itemPresent,
    );
    const after = { ...key, keep: 1, count: 3, list: ['a', 'b', 'c'], fresh: 'x' };
    assert.deepEqual(outcome, { kind: 'written', item: after });
    assert.deepEqual(await table.get(key), after);
  });

  fact(
    'an update creates an absent item; absent numbers count as 0, lists as empty',
    async (table) => {
      const outcome = await table.update(key, { add: { count: 2 }, append: { list: [1] } }, always);
      assert.deepEqual(outcome, { kind: 'written', item: { ...key, count: 2, list: [1] } });
    },
  );

  fact('a delete tells what it deleted', async (table) => {
    await table.put(key, { version: 1 }, always);
    const deleted = await table.delete(key, is('version', 1));
    assert.deepEqual(deleted, { kind: 'written', item: { ...key, version: 1 } });
    assert.equal(await table.get(key), undefined);
    assert.equal((await table.delete(key, always)).kind, 'written', 'nothing to delete is done');
  });

  const stored = { version: 5, state: 'active', on: true, list: ['a', 'b'] };
  const conditions: readonly [string, Condition, boolean, boolean][] = [
    // name, condition, holds for the stored item, holds for no item
    ['always', always, true, true],
    ['item present', itemPresent, true, false],
    ['item absent', itemAbsent, false, true],
    ['attribute absent, which it is', attributeAbsent('other'), true, true],
    ['attribute absent, which it is not', attributeAbsent('version'), false, true],
    ['equal number', is('version', 5), true, false],
    ['other number', is('version', 6), false, false],
    ['number as text', is('version', '5'), false, false],
    ['equal text', is('state', 'active'), true, false],
    ['equal flag', is('on', true), true, false],
    ['other flag', is('on', false), false, false],
    ['not equal, but it is', isNot('state', 'active'), false, true],
    ['not equal', isNot('state', 'lost'), true, true],
    ['not equal to what is absent', isNot('other', 1), true, true],
    ['below, at the limit', below('version', 5), false, false],
    ['below', below('version', 6), true, false],
    ['at most, at the limit', atMost('version', 5), true, false],
    ['at most, over it', atMost('version', 4), false, false],
    ['above, at the limit', above('version', 5), false, false],
    ['above', above('version', 4), true, false],
    ['above, of an absent one', above('other', 0), false, false],
    ['below, of an absent one', below('other', 9), false, false],
    ['one of', oneOf('state', ['joining', 'active']), true, false],
    ['none of', oneOf('state', ['lost', 'drained']), false, false],
    ['fewer entries, at the limit', sizeBelow('list', 2), false, false],
    ['fewer entries', sizeBelow('list', 3), true, false],
    ['fewer entries of an absent list', sizeBelow('other', 3), false, false],
    ['all of several', all(is('version', 5), is('on', true)), true, false],
    ['all, but one is false', all(is('version', 5), is('on', false)), false, false],
    ['all, some always true', all(always, is('version', 5), always), true, false],
    ['all of nothing', all(), true, true],
    ['all always true', all(always, all(always)), true, true],
    ['any of several', any(is('version', 6), is('on', true)), true, false],
    ['any with always', any(is('version', 6), always), true, true],
    ['nested', all(any(itemAbsent, is('on', true)), isNot('state', 'lost')), true, true],
    [
      'a reserved word and a hostile name',
      any(is('status', 1), is('a b = :x', 1), always),
      true,
      true,
    ],
    ['reserved words compared', all(attributeAbsent('name'), attributeAbsent('size')), true, true],
  ];
  fact('conditions mean the same', async (table) => {
    for (const [index, [name, condition, present, absent]] of conditions.entries()) {
      const some: Key = { pk: 'SOME', sk: `${index}` };
      const none: Key = { pk: 'NONE', sk: `${index}` };
      await table.put(some, stored, always);
      const change = { set: { seen: true } };
      assert.equal((await table.update(some, change, condition)).kind === 'written', present, name);
      assert.equal((await table.put(none, stored, condition)).kind === 'written', absent, name);
      assert.equal((await table.delete(some, condition)).kind === 'written', present, name);
    }
  });

  fact('getMany answers in the order asked, with holes, up to its limit', async (table) => {
    const keys = Array.from({ length: getManyMax }, (_, index) => ({ pk: `P${index}`, sk: 'S' }));
    for (const [index, one] of keys.entries()) {
      if (index % 2 === 0) await table.put(one, { index }, always);
    }
    const found = await table.getMany(keys);
    assert.equal(found.length, getManyMax);
    for (const [index, item] of found.entries()) {
      assert.equal(item?.['index'], index % 2 === 0 ? index : undefined);
    }
    assert.deepEqual(await table.getMany([]), []);
  });

  fact('a query pages through one partition under a prefix, in order', async (table) => {
    const names = ['b', 'a', 'e', 'd', 'c'];
    for (const name of names) await table.put({ pk: 'HUB', sk: `USER#${name}` }, { name }, always);
    await table.put({ pk: 'HUB', sk: 'CONFIG' }, {}, always);
    await table.put({ pk: 'HUB', sk: 'USES' }, {}, always);
    await table.put({ pk: 'HUB2', sk: 'USER#z' }, {}, always);
    const seen: string[] = [];
    let after: string | undefined;
    for (let page = 0; page < 10; page += 1) {
      const { items, next } = await table.query({
        pk: 'HUB',
        skPrefix: 'USER#',
        limit: 2,
        ...(after !== undefined && { after }),
      });
      assert(items.length <= 2);
      seen.push(...items.map((item) => String(item['name'])));
      if (next === undefined) break;
      after = next;
    }
    assert.deepEqual(seen, ['a', 'b', 'c', 'd', 'e']);
    const empty = await table.query({ pk: 'NOTHING', skPrefix: 'X', limit: 5 });
    assert.deepEqual(empty, { items: [], next: undefined });
  });

  fact('of two writers with one condition exactly one is written', async (table) => {
    await table.put(key, { epoch: 1 }, always);
    const outcomes = await Promise.all(
      ['one', 'two', 'three', 'four'].map((by) => table.put(key, { epoch: 2, by }, is('epoch', 1))),
    );
    const written = outcomes.filter((outcome) => outcome.kind === 'written');
    assert.equal(written.length, 1);
    assert.deepEqual(await table.get(key), written[0]?.kind === 'written' && written[0].item);
  });

  fact('additions at once all count', async (table) => {
    await Promise.all(
      Array.from({ length: 20 }, () => table.update(key, { add: { count: 1 } }, always)),
    );
    assert.equal((await table.get(key))?.['count'], 20);
  });

  fact('of many deletions exactly one has the item', async (table) => {
    await table.put(key, { grant: 'once' }, always);
    const outcomes = await Promise.all(
      Array.from({ length: 5 }, () => table.delete(key, is('grant', 'once'))),
    );
    assert.equal(outcomes.filter((outcome) => outcome.kind === 'written').length, 1);
  });
}
