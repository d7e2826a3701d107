import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HeldBytes } from '#node-agent/switch/delay-queue.ts';
import { type AccessRule, type HubRules, plainHubOptions } from '#node-agent/switch/hub-rules.ts';
import { defaultPolicy } from '#shared/wire/policy.ts';
import { ManualTime } from '#test/node-agent/dial/manual-time.ts';
import { broadcast, frame, mac } from '#test/support/frames.ts';
import { HubBench, type Station } from './hub-bench.ts';

const hubs = 3;
const stations = 3;

interface Send {
  readonly hub: number;
  readonly from: number;
  readonly source: number;
  readonly to: number;
  readonly waitMs: number;
  readonly replug: number;
}

const send: fc.Arbitrary<Send> = fc.record({
  hub: fc.nat(hubs - 1),
  from: fc.nat(stations - 1),
  source: fc.integer({ min: 1, max: 4 }),
  to: fc.integer({ min: 0, max: 4 }),
  waitMs: fc.nat(40),
  replug: fc.nat(15),
});

/** Whatever may keep, copy, rewrite or hold a frame. */
const rules: fc.Arbitrary<HubRules> = fc.record({
  options: fc.constantFrom(undefined, { ...plainHubOptions, noManageVlanId: true }),
  accessRules: fc.array(
    fc.record({
      id: fc.integer({ min: 1, max: 9 }),
      priority: fc.nat(3),
      discard: fc.boolean(),
      ipVersion: fc.constant<4>(4),
      delayMs: fc.nat(50),
      jitterPercent: fc.nat(100),
      lossPercent: fc.nat(20),
      destinationUser: fc.constantFrom(undefined, 'user0', 'user1'),
    }) satisfies fc.Arbitrary<AccessRule>,
    { maxLength: 3 },
  ),
});

test('I13: whatever is sent, held, tagged or copied, no frame leaves the hub it entered', () => {
  fc.assert(
    fc.property(
      fc.array(rules, { minLength: hubs, maxLength: hubs }),
      fc.array(send),
      (all, sends) => {
        const time = new ManualTime();
        const heldBytes = new HeldBytes(2_000);
        const benches = all.map(
          (its) => new HubBench({}, { rules: its, clock: time, timers: time, heldBytes }),
        );
        const plug = (bench: HubBench, n: number): Station =>
          bench.plug(`${n}`, {
            user: `user${n}`,
            policy: { ...defaultPolicy, vlanId: n === 1 ? 7 : 0, noBroadcastLimiter: true },
          });
        const ports = benches.map((bench) =>
          Array.from({ length: stations }, (_, n) => plug(bench, n)),
        );
        const everybody = ports.map((own) => [...own]);
        for (const [i, bench] of benches.entries()) {
          (everybody[i] as Station[]).push(bench.plug('monitor', { monitor: true }));
        }
        for (const { hub, from, source, to, waitMs, replug } of sends) {
          const [bench, own] = [benches[hub] as HubBench, ports[hub] as Station[]];
          if (replug === 0) {
            bench.hub.detach((own[from] as Station).attachment);
            own[from] = plug(bench, from);
            (everybody[hub] as Station[]).push(own[from] as Station);
          }
          const destination = to === 0 ? broadcast : mac(to);
          (own[from] as Station).send(frame(destination, mac(source), `from hub ${hub}`));
          time.advance(waitMs);
        }
        time.advance(1_000);
        for (const [hub, stationsOfHub] of everybody.entries()) {
          for (const { frames } of stationsOfHub) {
            for (const got of frames)
              assert.match(got.toString('latin1'), new RegExp(`from hub ${hub}$`));
          }
          assert.deepEqual(benches[hub]?.hub.consistencyCheck(), []);
          assert.equal(benches[hub]?.hub.heldFrames, 0);
        }
        assert.ok(heldBytes.take(2_000), 'nothing is counted as held any more');
      },
    ),
    { numRuns: 200 },
  );
});
