import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  challengeTtlMs,
  checkChallenge,
  issueChallenge,
  recentChallenges,
} from '#functions/domain/challenge.ts';
import { seededRandom } from '../doubles.ts';

const key = Buffer.alloc(32, 1);
const address = '198.51.100.1';
const nowMs = Date.UTC(2026, 10, 22);
const random = seededRandom(7);
const issued = issueChallenge(key, address, nowMs, random);

test('a token is at most 63 characters that survive the echo, and derives 20 bytes', () => {
  for (let draw = 0; draw < 200; draw += 1) {
    const { token, random: bytes } = issueChallenge(key, address, nowMs, random);
    assert.match(token, /^[\w.-]{1,63}$/);
    assert.equal(bytes.length, 20);
  }
});

test('the token that comes back yields the same challenge', () => {
  const check = checkChallenge(key, address, nowMs, issued.token);
  assert(check.kind === 'valid');
  assert.deepEqual(check.random, issued.random);
});

test('a token is valid for exactly its life, and not much before it was issued', () => {
  const at = (ms: number): string => checkChallenge(key, address, nowMs + ms, issued.token).kind;
  assert.equal(at(challengeTtlMs), 'valid');
  assert.equal(at(challengeTtlMs + 1), 'invalid');
  assert.equal(at(-5_000), 'valid', 'clocks differ');
  assert.equal(at(-5_001), 'invalid');
});

test('another address, or another cluster, has no use for a token', () => {
  const other = checkChallenge(key, '198.51.100.2', nowMs, issued.token);
  assert.deepEqual(other, { kind: 'invalid', reason: 'foreign' });
  const cluster = checkChallenge(Buffer.alloc(32, 2), address, nowMs, issued.token);
  assert.deepEqual(cluster, { kind: 'invalid', reason: 'foreign' });
});

test('a token with any one bit changed is refused', () => {
  const bytes = Buffer.from(issued.token);
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const changed = Buffer.from(bytes);
    changed[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    const check = checkChallenge(key, address, nowMs, changed.toString('latin1'));
    assert.equal(check.kind, 'invalid', `bit ${bit}`);
  }
});

test('a shortened, lengthened or genuine product text is no token', () => {
  for (const text of [
    '',
    issued.token.slice(0, -1),
    `${issued.token}A`,
    `${issued.token}\n`,
    'SoftEther VPN Server Developer Edition (64 bit) (Open Source)',
  ]) {
    const check = checkChallenge(key, address, nowMs, text);
    assert.deepEqual(check, { kind: 'invalid', reason: 'malformed' });
  }
});

test('two tokens of the same moment differ; challenges differ by address, time and cluster', () => {
  assert.notEqual(issueChallenge(key, address, nowMs, random).token, issued.token);
  for (const other of [
    issueChallenge(key, '198.51.100.2', nowMs, random),
    issueChallenge(key, address, nowMs + 30_000, random),
    issueChallenge(Buffer.alloc(32, 2), address, nowMs, random),
  ]) {
    assert.notDeepEqual(other.random, issued.random);
  }
});

test('a challenge is among the recent ones for its life, and no other address has it', () => {
  const isRecent = (atMs: number, from = address): boolean =>
    recentChallenges(key, from, nowMs + atMs).some((one) => one.equals(issued.random));
  for (const atMs of [-5_000, 0, 29_999, 30_000, challengeTtlMs]) assert(isRecent(atMs), `${atMs}`);
  assert(!isRecent(challengeTtlMs + 30_000));
  assert(!isRecent(0, '198.51.100.2'));
  assert.equal(recentChallenges(key, address, nowMs).length, 3);
});
