import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Chance } from '#node-agent/switch/chance.ts';
import { type HubOptions, plainHubOptions } from '#node-agent/switch/hub-rules.ts';
import { StormLimiter } from '#node-agent/switch/storm-limiter.ts';
import { defaultPolicy, type Policy } from '#shared/wire/policy.ts';
import { broadcast, frame, mac } from '#test/support/frames.ts';
import { arp, ethernet, ip4, ip6, udp } from '#test/support/packets.ts';
import { HubBench } from './hub-bench.ts';
import { samples } from './samples.ts';

const policy = (given: Partial<Policy>): Policy => ({ ...defaultPolicy, ...given });
const withOptions = (given: Partial<HubOptions>): HubBench =>
  new HubBench({}, { rules: { options: { ...plainHubOptions, ...given } } });

describe('the broadcast storm limiter', () => {
  /** So many a second for three seconds; how many are heard in the next. */
  function heardOf(
    perSecond: number,
    bench: HubBench,
    given?: Partial<Policy>,
    from = bench.plug('from', given && { policy: policy(given) }),
  ): number {
    const to = bench.plug('to');
    for (let second = 0; second < 4; second++) {
      to.frames.length = 0;
      for (let n = 0; n < perSecond; n++) {
        from.send(samples.udp4Broadcast);
        bench.time.advance(1_000 / perSecond);
      }
    }
    return to.frames.length;
  }

  test('a chatty host is left alone', () => {
    assert.equal(heardOf(25, new HubBench()), 25);
  });

  test('a storm is cut down, more and more', () => {
    const bench = new HubBench();
    assert.ok(heardOf(1_000, bench) < 100);
    assert.ok(bench.hub.drops.of('storm') > 1_500);
  });

  test('NoBroadcastLimiter switches it off', () => {
    assert.equal(heardOf(1_000, new HubBench(), { noBroadcastLimiter: true }), 1_000);
  });

  test('BroadcastStormDetectionThreshold moves it', () => {
    assert.equal(heardOf(1_000, withOptions({ broadcastStormDetectionThreshold: 2_000 })), 1_000);
    assert.ok(heardOf(25, withOptions({ broadcastStormDetectionThreshold: 10 })) < 25);
  });

  test('a storm that ends is forgiven, though not at once', () => {
    const bench = new HubBench();
    const from = bench.plug('from');
    heardOf(1_000, bench, {}, from);
    assert.ok(heardOf(25, bench, {}, from) < 25);
    assert.equal(heardOf(25, bench, {}, from), 25);
  });

  test('of a storm that lasts nothing passes any more', () => {
    const limiter = new StormLimiter(1, new Chance(1));
    let passed = 0;
    for (let ms = 1; ms <= 10_000; ms++) {
      if (limiter.admits(1, 0, 0, 0, 0, ms) && ms > 5_000) passed += 1;
    }
    assert.equal(passed, 0);
  });

  const kindsMax = 256;

  test('of more kinds than are told apart, quiet ones make room and leave nothing behind', () => {
    const limiter = new StormLimiter(1, new Chance(1));
    for (let n = 0; n < 20; n++) {
      for (let kind = 0; kind < kindsMax; kind++) limiter.admits(kind, 0, 0, 0, 0, 1_000);
    }
    for (let kind = kindsMax; kind < kindsMax + 20; kind++) {
      assert.ok(limiter.admits(kind, 0, 0, 0, 0, 1_700));
    }
  });

  test('of more kinds than are told apart, those that storm are not forgotten', () => {
    const limiter = new StormLimiter(1, new Chance(1));
    for (let ms = 1_000; ms <= 7_000; ms += 20) {
      for (let kind = 0; kind < kindsMax; kind++) limiter.admits(kind, 0, 0, 0, 0, ms);
    }
    for (let kind = kindsMax; kind < 2 * kindsMax; kind++) limiter.admits(kind, 0, 0, 0, 0, 7_600);
    for (let kind = 0; kind < kindsMax; kind++) {
      assert.equal(limiter.admits(kind, 0, 0, 0, 0, 7_600), false);
    }
  });

  test('storms are one sender’s, and of one kind, unless in strict mode', () => {
    for (const [broadcastLimiterStrictMode, heard] of [
      [false, true],
      [true, false],
    ] as const) {
      const bench = withOptions({ broadcastLimiterStrictMode });
      heardOf(1_000, bench);
      const [from, to] = [bench.hub.attachments[0], bench.plug('third')];
      assert.ok(from !== undefined);
      bench.hub.beginBatch();
      bench.hub.forward(samples.arpRequest, from);
      assert.equal(to.frames.length > 0, heard);
      to.frames.length = 0;
      const innocent = bench.plug('innocent');
      innocent.send(samples.udp4Broadcast);
      assert.equal(to.frames.length, 1);
    }
  });

  test('unicast is never counted', () => {
    const bench = new HubBench();
    const [a, b] = [bench.plug('a'), bench.plug('b')];
    b.send(frame(mac(1), mac(2), ''));
    for (let n = 0; n < 2_000; n++) {
      bench.time.advance(1);
      a.send(frame(mac(2), mac(1), ''));
    }
    assert.equal(b.frames.length, 2_000);
  });

  test('made-up addresses do not get around it', () => {
    const bench = new HubBench();
    const [from, to] = [bench.plug('from'), bench.plug('to')];
    for (let n = 0; n < 40_000; n++) {
      if (n % 10 === 0) bench.time.advance(1);
      if (n === 30_000) to.frames.length = 0;
      from.send(frame(broadcast, mac(1 + n), ''));
    }
    assert.ok(to.frames.length < 1_500, `${to.frames.length} of 10000 in the fourth second`);
  });

  const group6 = Buffer.from('333300000001', 'hex');
  const four = (from: string, to: string): Buffer =>
    ethernet(broadcast, mac(1), 0x0800, ip4(udp(1, 2), { from, to, protocol: 17 }));
  const six = (from: string, to: string): Buffer =>
    ethernet(group6, mac(1), 0x86dd, ip6(udp(1, 2), { from, to, protocol: 17 }));
  const who = (from: string): Buffer => ethernet(broadcast, mac(1), 0x0806, arp(from));
  const [one6, two6] = [`fe80${'0'.repeat(27)}1`, `fe80${'0'.repeat(27)}2`];

  for (const [what, storming, innocent] of [
    ['IPv4 sources', four('10.0.0.1', '10.0.0.9'), four('10.0.0.2', '10.0.0.9')],
    ['IPv4 destinations', four('10.0.0.1', '10.0.0.8'), four('10.0.0.1', '10.0.0.9')],
    ['IPv6 sources', six(one6, two6), six(two6, two6)],
    ['IPv6 destinations', six(one6, one6), six(one6, two6)],
    ['senders of ARP', who('10.0.0.1'), who('10.0.0.2')],
  ] as const) {
    test(`${what} are told apart, unless in strict mode`, () => {
      for (const [broadcastLimiterStrictMode, heard] of [
        [false, [innocent]],
        [true, []],
      ] as const) {
        const bench = withOptions({ broadcastLimiterStrictMode });
        const [from, to] = [bench.plug('from'), bench.plug('to')];
        for (let n = 0; n < 2_000; n++) {
          bench.time.advance(1);
          from.send(storming);
        }
        to.frames.length = 0;
        from.send(innocent);
        assert.deepEqual(to.frames, heard);
      }
    });
  }
});
