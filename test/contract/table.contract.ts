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
  type Page,
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
    ['one of one, in all of it', all(oneOf('state', ['active'])), true, false],
    ['any of one, in all of all of it', all(all(any(is('version', 5)))), true, false],
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

  fact('getMany answers twice what is asked twice', async (table) => {
    await table.put(key, { one: 1 }, always);
    const other = { ...key, sk: 'OTHER' };
    const found = await table.getMany([key, other, key, other]);
    assert.deepEqual(found, [{ ...key, one: 1 }, undefined, { ...key, one: 1 }, undefined]);
  });

  fact('getMany and a query tell everything, however large', async (table) => {
    const keys = Array.from({ length: 20 }, (_, index) => ({ pk: 'LARGE', sk: `S${100 + index}` }));
    const text = 'x'.repeat(380_000);
    await Promise.all(keys.map((one) => table.put(one, { text }, always)));
    const found = await table.getMany(keys);
    assert(found.every((item) => item?.['text'] === text));
    const seen: string[] = [];
    for (let after: string | undefined = 'S'; after !== undefined; ) {
      const page: Page = await table.query({ pk: 'LARGE', skPrefix: 'S', limit: 1_000, after });
      assert(page.items.length < 10, 'a page has about 1 MB');
      seen.push(...page.items.map(({ sk }) => sk));
      after = page.next;
    }
    assert.deepEqual(
      seen,
      keys.map(({ sk }) => sk),
    );
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

  fact('a page that is just full says there may be more; the next one is empty', async (table) => {
    for (const sk of ['S1', 'S2']) await table.put({ pk: 'P', sk }, {}, always);
    const query = { pk: 'P', skPrefix: 'S', limit: 2 };
    const page = await table.query(query);
    assert.deepEqual([page.items.length, page.next], [2, 'S2']);
    assert.deepEqual(await table.query({ ...query, after: 'S2' }), { items: [], next: undefined });
    assert.equal((await table.query({ ...query, limit: 3 })).next, undefined);
  });

  fact('a query starts behind a sort key that is there no more', async (table) => {
    for (const sk of ['S1', 'S3']) await table.put({ pk: 'P', sk }, {}, always);
    const { items } = await table.query({ pk: 'P', skPrefix: 'S', limit: 5, after: 'S2' });
    assert.deepEqual(items, [{ pk: 'P', sk: 'S3' }]);
  });

  fact('sort keys are in the order of their UTF-8 bytes', async (table) => {
    const sorted = ['S', 'SZ', 'Sz', 'S\u00e4', 'S\uffee', 'S\u{1f600}'];
    for (const sk of sorted.toReversed()) await table.put({ pk: 'P', sk }, {}, always);
    const { items } = await table.query({ pk: 'P', skPrefix: 'S', limit: 10 });
    assert.deepEqual(
      items.map(({ sk }) => sk),
      sorted,
    );
    const behind = await table.query({ pk: 'P', skPrefix: 'S', limit: 10, after: 'S\uffee' });
    assert.deepEqual(
      behind.items.map(({ sk }) => sk),
      ['S\u{1f600}'],
    );
  });

  fact('who asks for what cannot be is told so, and nothing changes', async (table) => {
    const item = { ...key, text: 'x', nothing: null, list: [1] };
    await table.put(key, item, always);
    const wrong: readonly [string, () => Promise<unknown>][] = [
      ['no partition key', () => table.put({ pk: '', sk: 'S' }, {}, always)],
      ['no sort key', () => table.get({ pk: 'P', sk: '' })],
      ['a partition key of 2,049 bytes', () => table.get({ pk: 'p'.repeat(2_049), sk: 'S' })],
      ['a sort key of 1,025 bytes', () => table.get({ pk: 'P', sk: 's'.repeat(1_025) })],
      [
        '101 keys',
        () => table.getMany(Array.from({ length: 101 }, (_, i) => ({ ...key, sk: `${i}` }))),
      ],
      ['400 KB', () => table.put(key, { text: 'x'.repeat(410_000) }, always)],
      ['400 KB by and by', () => table.update(key, { set: { more: 'x'.repeat(410_000) } }, always)],
      ['no number', () => table.put(key, { number: Number.NaN }, always)],
      ['a number that is not exact', () => table.put(key, { number: 2 ** 60 }, always)],
      ['nothing to change', () => table.update(key, { set: {}, remove: [] }, always)],
      ['set and removed', () => table.update(key, { set: { a: 1 }, remove: ['a'] }, always)],
      ['set and added', () => table.update(key, { set: { a: 1 }, add: { a: 1 } }, always)],
      ['removed twice', () => table.update(key, { remove: ['a', 'a'] }, always)],
      ['another key', () => table.update(key, { set: { pk: 'Q' } }, always)],
      ['added to a text', () => table.update(key, { add: { text: 1 } }, always)],
      ['added to null', () => table.update(key, { add: { nothing: 1 } }, always)],
      ['appended to a text', () => table.update(key, { append: { text: [1] } }, always)],
      ['appended to null', () => table.update(key, { append: { nothing: [1] } }, always)],
      ['a page of nothing', () => table.query({ pk: key.pk, skPrefix: 'C', limit: 0 })],
      [
        'a page from elsewhere',
        () => table.query({ pk: key.pk, skPrefix: 'C', limit: 1, after: 'A' }),
      ],
    ];
    for (const [what, ask] of wrong) await assert.rejects(ask, what);
    assert.deepEqual(await table.get(key), item);
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

/** What only engines do that say what a condition failed on; dynalite does not. */
export function refusalContract(engine: string, emptyTable: () => Promise<Table>): void {
  test(`${engine}: what is told to have refused a write did refuse it, in any race`, async () => {
    const table = await emptyTable();
    await table.put(key, { phase: 'a' }, always);
    const flips = async (): Promise<void> => {
      for (const phase of Array.from({ length: 100 }, (_, flip) => (flip % 2 === 0 ? 'b' : 'a'))) {
        await table.update(key, { set: { phase } }, always);
      }
    };
    const refusals: unknown[] = [];
    const writes = async (): Promise<void> => {
      for (let write = 0; write < 50; write += 1) {
        const outcome = await table.update(key, { set: { write } }, is('phase', 'a'));
        if (outcome.kind === 'refused') refusals.push(outcome.current?.['phase']);
      }
    };
    await Promise.all([flips(), writes(), writes()]);
    assert(refusals.length > 0);
    assert.deepEqual(
      refusals.filter((phase) => phase !== 'b'),
      [],
    );
  });
}
