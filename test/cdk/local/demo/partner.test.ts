import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DemoHub } from '#cdk/local/demo/demo-hubs.ts';
import { partnerOf } from '#cdk/local/demo/partner.ts';

const dynamic: DemoHub = { name: 'd', kind: 'dynamic', users: [] };
const flat: DemoHub = { name: 's', kind: 'static', users: [] };
const client = (hub: DemoHub, memberEndpoint?: string) => ({ hub, memberEndpoint });

test('on a dynamic hub everyone asks the next, the last the first, wherever they are', () => {
  const [a, b, other, c] = [
    client(dynamic, '1'),
    client(dynamic, '2'),
    client(flat, '1'),
    client(dynamic, '1'),
  ];
  const all = [a, b, other, c];
  assert.deepEqual(
    [a, b, c].map((one) => all.indexOf(partnerOf(one, all) ?? a)),
    [1, 3, 0],
  );
});

test('on a static hub only those on the same member meet, and one may be alone', () => {
  const [a, b, c] = [client(flat, '1'), client(flat, '2'), client(flat, '1')];
  const all = [a, b, c];
  assert.equal(partnerOf(a, all), c);
  assert.equal(partnerOf(c, all), a);
  assert.equal(partnerOf(b, all), undefined);
});

test('who was never connected neither asks nor is asked', () => {
  const [a, b] = [client(dynamic, '1'), client(dynamic)];
  assert.equal(partnerOf(a, [a, b]), undefined);
  assert.equal(partnerOf(b, [a, b]), undefined);
});
