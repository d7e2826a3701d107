import assert from 'node:assert/strict';
import { mkdtempSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { CredentialsFile, parseCredentials } from '#node-agent/control/credentials-file.ts';

const keysOf = (id: string): string =>
  `[default]\naws_access_key_id = ${id}\naws_secret_access_key=secret/+=\n`;

test('the profile default counts, with or without a session token', () => {
  const keys = { accessKeyId: 'AKIA1', secretAccessKey: 'secret/+=' };
  assert.deepEqual(parseCredentials(keysOf('AKIA1')), keys);
  assert.deepEqual(parseCredentials(`[other]\naws_access_key_id = X\n${keysOf('AKIA1')}`), keys);
  assert.deepEqual(parseCredentials(`${keysOf('AKIA1')}aws_session_token = t\n[x]\na = b`), {
    ...keys,
    sessionToken: 't',
  });
});

test('half a key is none', () => {
  assert.equal(parseCredentials('[default]\naws_access_key_id = A\n'), undefined);
  assert.equal(parseCredentials('aws_access_key_id = A\naws_secret_access_key = B\n'), undefined);
  assert.equal(parseCredentials(''), undefined);
});

test('new keys count once the file was changed; a file that is not there is named', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'etherfleet-keys-')), 'credentials');
  const file = new CredentialsFile(path);
  await assert.rejects(file.credentials(), /ENOENT.*credentials/);
  writeFileSync(path, keysOf('AKIA1'));
  assert.equal((await file.credentials()).accessKeyId, 'AKIA1');
  writeFileSync(path, keysOf('AKIA2'));
  utimesSync(path, 1, 1);
  assert.equal((await file.credentials()).accessKeyId, 'AKIA2');
  writeFileSync(path, '[default]\n');
  utimesSync(path, 2, 2);
  await assert.rejects(file.credentials(), /needs \[default\], aws_access_key_id/);
});
