import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { broadcast, frame, mac } from '#test/support/frames.ts';
import { HubBench, type Station } from './hub-bench.ts';

const stations = 4;
const ageMs = 600_000;

type Step =
  | { readonly kind: 'send'; readonly from: number; readonly source: number; readonly to: number }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'replug'; readonly which: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('send' as const),
      from: fc.nat(stations - 1),
      source: fc.integer({ min: 1, max: 6 }),
      to: fc.integer({ min: 0, max: 6 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(ageMs) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('replug' as const), which: fc.nat(stations - 1) }),
  },
);

/** The bridge as a textbook would write it: who hears a frame, by a list of sightings. */
class NaiveBridge {
  #seen: { address: number; at: number; ms: number }[] = [];

  hears(from: number, source: number, to: number, nowMs: number): number[] {
    if (source === to) return [];
    this.#seen = this.#seen.filter((sighting) => sighting.address !== source);
    this.#seen.push({ address: source, at: from, ms: nowMs });
    const everyone = Array.from({ length: stations }, (_, i) => i).filter((i) => i !== from);
    if (to === 0) return everyone;
    const known = this.#seen.find((sighting) => sighting.address === to);
    if (known === undefined || nowMs - known.ms >= ageMs) return everyone;
    return known.at === from ? [] : [known.at];
  }

  forget(at: number): void {
    this.#seen = this.#seen.filter((sighting) => sighting.at !== at);
  }
}

test('a hub instance delivers as the naive bridge does, and stays consistent', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const bench = new HubBench();
      const naive = new NaiveBridge();
      const ports: Station[] = Array.from({ length: stations }, (_, i) => bench.plug(`${i}`));
      for (const [number, it] of steps.entries()) {
        if (it.kind === 'wait') {
          bench.time.advance(it.ms);
        } else if (it.kind === 'replug') {
          bench.hub.detach((ports[it.which] as Station).attachment);
          ports[it.which] = bench.plug(`${it.which}`);
          naive.forget(it.which);
        } else {
          const to = it.to === 0 ? broadcast : mac(it.to);
          (ports[it.from] as Station).send(frame(to, mac(it.source), `${number}`));
          const heard = ports.flatMap((port, i) =>
            port.received.at(-1) === `${number}` ? [i] : [],
          );
          const expected = naive.hears(it.from, it.source, it.to, bench.time.nowMs());
          assert.deepEqual(heard, expected.sort());
        }
        assert.deepEqual(bench.hub.consistencyCheck(), []);
      }
    }),
  );
});
