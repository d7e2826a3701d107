import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  byteSwap32,
  certificateFingerprint,
  intToIp4,
  ip4ToInt,
  timeFromWire,
  timeToWire,
} from '#shared/wire/encoding.ts';
import { connectBodyBytesMax, probePage } from '#shared/wire/http.ts';
import { capture, captureBody } from '#test/support/captures.ts';

test('an IPv4 address travels last byte first', () => {
  assert.equal(ip4ToInt('10.77.0.2'), 33574154);
  assert.equal(intToIp4(33574154), '10.77.0.2');
  assert.equal(ip4ToInt('255.255.255.255'), 0xffffffff);
  assert.equal(ip4ToInt('0.0.0.0'), 0);
});

test('every IPv4 address survives the way there and back', () => {
  fc.assert(fc.property(fc.ipV4(), (address) => intToIp4(ip4ToInt(address)) === address));
});

test('what is no IPv4 address is our bug', () => {
  for (const text of ['', '10.0.0', '::1', '10.0.0.256', 'host']) {
    assert.throws(() => ip4ToInt(text), { name: 'AssertionFailure' });
  }
});

test('wire time is Unix time less nine hours, 0 is none', () => {
  const unixMs = Date.parse('2026-11-22T23:42:08.261Z');
  assert.equal(timeToWire(unixMs), 1795358528261n);
  assert.equal(timeFromWire(1795358528261n), unixMs);
  assert.equal(timeToWire(undefined), 0n);
  assert.equal(timeFromWire(0n), undefined);
});

test('times from the epoch to the last a Date holds; what lies beyond is none', () => {
  assert.equal(timeFromWire(timeToWire(0)), 0);
  const last = Date.parse('+275760-09-13T00:00:00.000Z');
  assert.equal(timeFromWire(timeToWire(last)), last);
  assert.equal(timeFromWire(timeToWire(last) + 1n), undefined);
  assert.equal(timeFromWire(timeToWire(0) - 1n), undefined);
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), (value) => {
      const unixMs = timeFromWire(value);
      return unixMs === undefined || timeToWire(unixMs) === value;
    }),
  );
});

test('node-info numbers travel byte-swapped', () => {
  assert.equal(byteSwap32(443), 0xbb010000);
  assert.equal(byteSwap32(501), 4110483456);
  fc.assert(fc.property(fc.nat(0xffffffff), (value) => byteSwap32(byteSwap32(value)) === value));
});

test('a certificate is named by its SHA-256', () => {
  assert.match(certificateFingerprint(Buffer.from('x')), /^[0-9a-f]{64}$/);
});

test('the probe page begins as the genuine one, up to where clients look', () => {
  const genuine = captureBody('01-ctl-s-get-probe-403').toString('latin1');
  const needed = "<H1>Forbidden</H1>\r\nYou don't have permission to access ";
  const compared = genuine.slice(0, genuine.indexOf(needed) + needed.length);
  assert.ok(compared.length > 100);
  assert.ok(probePage.startsWith(compared));
});

test('every genuine signature request fits the limit for its body', () => {
  for (const name of ['01-ctl-c-connect-cgi', '02-mem-c-connect-cgi', '07-head-connect-cgi']) {
    assert.ok(capture(name).length < connectBodyBytesMax, name);
  }
  assert.ok(connectBodyBytesMax >= 1411 + 1999);
});
