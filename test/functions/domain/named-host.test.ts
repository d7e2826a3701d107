import assert from 'node:assert/strict';
import { test } from 'node:test';
import { redirectEffect } from '#functions/domain/named-host.ts';

const versions = [
  [444, 9807],
  [500, 1],
  [501, 9674],
  [501, 99_999],
  [502, 5_180],
  [502, 5_181],
  [502, 5_187],
  [503, 1],
] as const;

function effectsOf(serverHostname: string): string[] {
  return versions.map(([clientVer, clientBuild]) =>
    redirectEffect({ serverHostname, clientVer, clientBuild }),
  );
}

test('with an IPv4 literal, or nothing to go by, every client follows a redirect', () => {
  for (const literal of ['203.0.113.1', '0.0.0.0', '255.255.255.255', '']) {
    assert(
      effectsOf(literal).every((effect) => effect === 'works'),
      literal,
    );
  }
});

test('with a name: 4.x follows, 5.01 misroutes, late 5.02 needs one connection', () => {
  const byVersion = [
    'works',
    'works',
    'misroutes',
    'misroutes',
    'misroutes',
    'single-connection',
    'single-connection',
    'single-connection',
  ];
  for (const name of ['vpn.example.com', '203.0.113.1/tcp', '203.0.113', '203.0.113.256', '::1']) {
    assert.deepEqual(effectsOf(name), byVersion, name);
  }
});
