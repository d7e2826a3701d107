import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileTrouble } from '#cdk/local/start-error.ts';

const failure = (facts: object): Error => Object.assign(new Error('failed'), facts);

test('a file that cannot be had is told with its path, the cause and the remedy', () => {
  const denied = failure({ code: 'EACCES', path: '/data' });
  assert.equal(
    fileTrouble(denied),
    'cannot use /data (EACCES): this user may not; make it yours, or choose another folder ' +
      '(--data DIR, --state FILE)',
  );
  // Of a copy, what is full is where it goes to.
  const full = failure({ code: 'ENOSPC', path: '/from', dest: '/to' });
  assert.match(fileTrouble(full) ?? '', /^cannot use \/to \(ENOSPC\): the disk is full/);
});

test('our own mistakes are not told as the disk’s', () => {
  for (const error of [failure({ code: 'ENOENT', path: '/data' }), failure({}), 'EACCES']) {
    assert.equal(fileTrouble(error), undefined);
  }
});
