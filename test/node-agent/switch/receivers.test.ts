import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type HubOptions, plainHubOptions } from '#node-agent/switch/hub-rules.ts';
import { defaultPolicy, type Policy } from '#shared/wire/policy.ts';
import { broadcast, frame, mac } from '#test/support/frames.ts';
import { ethernet, ip6, routerAdvertisement, sumOfIp6, tagged } from '#test/support/packets.ts';
import { HubBench, type Station } from './hub-bench.ts';
import { samples } from './samples.ts';

const policy = (given: Partial<Policy>): Policy => ({ ...defaultPolicy, ...given });
const withOptions = (given: Partial<HubOptions>): HubBench =>
  new HubBench({}, { rules: { options: { ...plainHubOptions, ...given } } });
/** Everybody says where it is. */
function introduce(...stations: Station[]): void {
  for (const [i, station] of stations.entries()) {
    station.send(frame(mac(99), mac(i + 1), 'hello'));
  }
  for (const { received, frames } of stations) {
    received.length = 0;
    frames.length = 0;
  }
}

describe('PrivacyFilter', () => {
  const privacy = policy({ privacyFilter: true });
  const unicast = frame(mac(2), mac(1), 'unicast');
  const flooded = frame(broadcast, mac(1), 'flooded');

  for (const [what, fromPrivate, toPrivate, options, users, heard] of [
    ['of both: nothing', true, true, {}, ['a', 'b'], []],
    ['of the sender only: all', true, false, {}, ['a', 'b'], ['unicast', 'flooded', 'arp']],
    ['of the receiver only: all', false, true, {}, ['a', 'b'], ['unicast', 'flooded', 'arp']],
    [
      'of both, broadcasts exempt',
      true,
      true,
      { dropBroadcastsInPrivacyFilterMode: false },
      ['a', 'b'],
      ['flooded', 'arp'],
    ],
    ['of both, ARP exempt', true, true, { dropArpInPrivacyFilterMode: false }, ['a', 'b'], ['arp']],
    [
      'of both, the same user exempt',
      true,
      true,
      { allowSameUserInPrivacyFilterMode: true },
      ['a', 'A'],
      ['unicast', 'flooded', 'arp'],
    ],
    ['of both, who are one user, whom nothing exempts', true, true, {}, ['a', 'A'], []],
    [
      'of both, the same user exempt, where nobody is a user',
      true,
      true,
      { allowSameUserInPrivacyFilterMode: true },
      [undefined, undefined],
      [],
    ],
    [
      'of both, the same user exempt, who is another',
      true,
      true,
      { allowSameUserInPrivacyFilterMode: true },
      ['a', 'b'],
      [],
    ],
  ] as const) {
    test(what, () => {
      const bench = withOptions(options);
      const own = (is: boolean): Policy => (is ? privacy : policy({}));
      const [from, to] = [
        bench.plug('from', { policy: own(fromPrivate), user: users[0] }),
        bench.plug('to', { policy: own(toPrivate), user: users[1] }),
      ];
      introduce(from, to);
      const before = bench.hub.drops.of('privacy');
      from.send(unicast);
      from.send(flooded);
      from.send(samples.arpRequest);
      const kinds = to.frames.map((got, i) =>
        got === samples.arpRequest ? 'arp' : (to.received[i] as string),
      );
      assert.deepEqual(kinds, heard);
      assert.equal(bench.hub.drops.of('privacy') - before, 3 - heard.length);
    });
  }
});

test('PrivacyFilter of a sender does not keep it from a receiver with other policies', () => {
  const bench = withOptions({});
  const from = bench.plug('from', { policy: policy({ privacyFilter: true }) });
  const to = bench.plug('to', { policy: policy({ filterIpV6: true }) });
  from.send(samples.udp4Broadcast);
  assert.deepEqual(to.frames, [samples.udp4Broadcast]);
});

test('what cannot be judged is kept from receivers with policies, and from no others', () => {
  const bench = withOptions({});
  const [from, plain] = [bench.plug('from'), bench.plug('plain')];
  const choosy = bench.plug('choosy', { policy: policy({ dhcpFilter: true }) });
  const cut = samples.udp4Broadcast.subarray(0, 30);
  from.send(cut);
  assert.deepEqual([plain.frames, choosy.frames], [[cut], []]);
  assert.deepEqual(bench.hub.drops.nonZero(), { malformed: 1 });
});

describe('VLanId', () => {
  const plain = frame(broadcast, mac(1), 'plain');

  test('frames are tagged on their way in and untagged on their way out', () => {
    const bench = new HubBench();
    const [from, same, other, trunk] = [
      bench.plug('from', { policy: policy({ vlanId: 10 }) }),
      bench.plug('same', { policy: policy({ vlanId: 10 }) }),
      bench.plug('other', { policy: policy({ vlanId: 11 }) }),
      bench.plug('trunk'),
    ];
    from.send(plain);
    assert.deepEqual(same.frames, [plain]);
    assert.deepEqual(trunk.frames, [tagged(plain, 10)]);
    assert.deepEqual(other.frames, []);
    assert.deepEqual(bench.hub.drops.nonZero(), { 'other-vlan': 1 });
    trunk.send(plain);
    trunk.send(tagged(frame(broadcast, mac(4), 'for 11'), 11));
    assert.deepEqual(same.frames, [plain]);
    assert.deepEqual(other.received, ['for 11']);
  });

  test('FilterNonIP of a receiver judges what is behind its own tag, and nothing else', () => {
    const bench = new HubBench();
    const inside = bench.plug('in', { policy: policy({ vlanId: 10, filterNonIp: true }) });
    const outside = bench.plug('out', { policy: policy({ filterNonIp: true }) });
    const trunk = bench.plug('trunk');
    const content = Buffer.from('00000800', 'hex');
    const looksLikeIp = ethernet(broadcast, mac(7), 0x88b5, content);
    const ip = [samples.arpRequest, samples.udp4Broadcast, samples.neighbourSolicitation];
    for (const one of [...ip, looksLikeIp]) trunk.send(tagged(one, 10));
    assert.deepEqual(inside.frames, ip);
    for (const one of [...ip, looksLikeIp]) trunk.send(one);
    assert.deepEqual(outside.frames, ip);
  });

  test('a frame that ends with its tag, or within, is in no VLAN', () => {
    const bench = new HubBench();
    const same = bench.plug('same', { policy: policy({ vlanId: 10 }) });
    const trunk = bench.plug('trunk');
    const whole = tagged(plain, 10);
    for (const bytes of [14, 15, 16, 17]) trunk.send(whole.subarray(0, bytes));
    assert.deepEqual(same.frames, []);
    trunk.send(whole.subarray(0, 18));
    assert.deepEqual(same.frames, [plain.subarray(0, 14)]);
  });

  test('VlanTypeId is the type of the tags', () => {
    const bench = withOptions({ vlanTypeId: 0x9100 });
    const from = bench.plug('from', { policy: policy({ vlanId: 10 }) });
    const same = bench.plug('same', { policy: policy({ vlanId: 10 }) });
    const trunk = bench.plug('trunk');
    from.send(plain);
    assert.deepEqual(trunk.frames, [tagged(plain, 10, 0x9100)]);
    assert.deepEqual(same.frames, [plain]);
    trunk.send(tagged(plain, 10));
    assert.deepEqual(same.frames, [plain]);
    bench.hub.configure({ options: { ...plainHubOptions, vlanTypeId: 0 } });
    from.send(plain);
    assert.deepEqual(trunk.frames.at(-1), tagged(plain, 10), '0: the usual type');
    assert.deepEqual(same.frames, [plain, plain]);
  });

  for (const [bytes, heard] of [
    [1_514, 1],
    [1_596, 1],
    [1_597, 0],
    [1_600, 0],
  ] as const) {
    test(`${bytes} bytes: ${heard === 1 ? 'pass' : 'are too long with their tag'}`, () => {
      const bench = new HubBench();
      const from = bench.plug('from', { policy: policy({ vlanId: 10 }) });
      const [same, trunk] = [
        bench.plug('same', { policy: policy({ vlanId: 10 }) }),
        bench.plug('t'),
      ];
      from.send(frame(broadcast, mac(1), Buffer.alloc(bytes - 14)));
      assert.deepEqual([same.frames.length, trunk.frames.length], [heard, heard]);
      assert.equal(bench.hub.drops.of('frame-too-long'), 1 - heard);
    });
  }

  test('policies judge what was sent, not the tag put on it', () => {
    const bench = new HubBench();
    const from = bench.plug('from', { policy: policy({ vlanId: 10, filterNonIp: true }) });
    const to = bench.plug('to', { policy: policy({ vlanId: 10, filterNonIp: true }) });
    from.send(samples.udp4Broadcast);
    from.send(samples.otherBroadcast);
    assert.deepEqual(to.frames, [samples.udp4Broadcast]);
    assert.equal(bench.hub.drops.of('filter-non-ip'), 1);
  });

  test('one address in two VLANs is two stations, with NoManageVlanId one', () => {
    for (const [noManageVlanId, heard] of [
      [false, ['a', 'b']],
      [true, ['b']],
    ] as const) {
      const bench = withOptions({ noManageVlanId });
      const [a, b, c] = [bench.plug('a'), bench.plug('b'), bench.plug('c')];
      a.send(tagged(frame(broadcast, mac(1), ''), 5));
      b.send(tagged(frame(broadcast, mac(1), ''), 6));
      a.frames.length = b.frames.length = 0;
      c.send(tagged(frame(mac(1), mac(3), ''), 5));
      c.send(tagged(frame(mac(1), mac(3), ''), 6));
      const got = [a, b].filter((station) => station.frames.length > 0);
      assert.deepEqual(
        got.map(({ attachment }) => attachment.name),
        heard,
      );
      assert.equal(bench.hub.macEntries, noManageVlanId ? 2 : 4);
      assert.deepEqual(bench.hub.consistencyCheck(), []);
    }
  });
});

describe('router advertisements', () => {
  const offer = (lifetimeSec: number): Buffer =>
    ethernet(
      Buffer.from('333300000001', 'hex'),
      mac(1),
      0x86dd,
      ip6(routerAdvertisement(lifetimeSec), { protocol: 58 }),
    );

  /** The hub's own option off, which is on by default. */
  const asGiven = { noIpV6DefaultRouterInRaWhenIpV6: false };
  for (const [what, given, options, overIpV6, hidden] of [
    ['NoIPv6DefaultRouterInRA', { noIpV6DefaultRouterInRa: true }, {}, false, true],
    ['…WhenIPv6, over IPv6', { noIpV6DefaultRouterInRaWhenIpV6: true }, asGiven, true, true],
    ['…WhenIPv6, over IPv4', { noIpV6DefaultRouterInRaWhenIpV6: true }, {}, false, false],
    ['the hub’s …WhenIPv6', {}, { noIpV6DefaultRouterInRaWhenIpV6: true }, true, true],
    ['the hub’s …WhenIPv6, over IPv4', {}, { noIpV6DefaultRouterInRaWhenIpV6: true }, false, false],
    ['neither', {}, asGiven, true, false],
    ['the default', {}, {}, true, true],
  ] as const) {
    test(`${what}: ${hidden ? 'no router' : 'a router'}, and the checksum right`, () => {
      const bench = withOptions(options);
      const from = bench.plug('from');
      const to = bench.plug('to', { policy: policy(given), overIpV6 });
      const beside = bench.plug('beside');
      from.send(offer(1_800));
      assert.deepEqual(to.frames, [offer(hidden ? 0 : 1_800)]);
      assert.deepEqual(beside.frames, [offer(1_800)]);
      const [got = Buffer.alloc(0)] = to.frames;
      assert.equal(sumOfIp6(got.subarray(14), 58) % 0xffff, 0);
    });
  }

  test('who hides them is given all else as it is; who does not, the offer', () => {
    const bench = withOptions({});
    const from = bench.plug('from');
    const hiding = bench.plug('hiding', { policy: policy({ noIpV6DefaultRouterInRa: true }) });
    const choosy = bench.plug('choosy', { policy: policy({ filterNonIp: true }) });
    const others = [samples.udp4Broadcast, samples.tcp4, samples.neighbourSolicitation];
    for (const other of others) from.send(other);
    from.send(offer(1_800));
    assert.deepEqual(hiding.frames, [...others, offer(0)]);
    assert.deepEqual(choosy.frames, [...others, offer(1_800)]);
  });

  test('what only looks like an offer is given as it is', () => {
    const bench = withOptions({});
    const from = bench.plug('from');
    const hiding = bench.plug('hiding', { policy: policy({ noIpV6DefaultRouterInRa: true }) });
    const echo = Buffer.from('80000000000107080000', 'hex');
    const cutShort = Buffer.from('860000004000', 'hex');
    const [ping, padded] = [echo, cutShort].map((part) =>
      ethernet(mac(2), mac(1), 0x86dd, ip6(part, { protocol: 58 })),
    ) as [Buffer, Buffer];
    const sent = [ping, Buffer.concat([padded, Buffer.alloc(8, 0x99)]), offer(0)];
    for (const one of sent) from.send(one);
    assert.deepEqual(hiding.frames, sent);
  });

  test('in a VLAN, untagged and rewritten at once', () => {
    const bench = new HubBench();
    const from = bench.plug('from');
    const given = policy({ noIpV6DefaultRouterInRa: true, vlanId: 5 });
    const [to, too] = [bench.plug('to', { policy: given }), bench.plug('too', { policy: given })];
    from.send(tagged(offer(1_800), 5));
    assert.deepEqual([to.frames, too.frames], [[offer(0)], [offer(0)]]);
    assert.equal(to.frames[0], too.frames[0], 'made once');
  });
});

describe('who is flooded to', () => {
  test('options that change hold for receivers of the next frame', () => {
    const bench = withOptions({});
    const [a, b] = [bench.plug('a'), bench.plug('b')];
    a.send(frame(broadcast, mac(1), 'before'));
    const options = { ...plainHubOptions, detectDormantSessionInterval: 10 };
    bench.hub.configure({ options });
    a.send(frame(broadcast, mac(1), 'after'));
    assert.deepEqual(b.received, ['before']);
  });

  test('DetectDormantSessionInterval: not who has sent nothing for so long', () => {
    const bench = withOptions({ detectDormantSessionInterval: 10 });
    const [a, b] = [bench.plug('a'), bench.plug('b')];
    a.send(frame(broadcast, mac(1), 'too early'));
    b.send(frame(broadcast, mac(2), 'awake'));
    bench.time.advance(9_999);
    a.send(frame(broadcast, mac(1), 'heard'));
    bench.time.advance(1);
    a.send(frame(broadcast, mac(1), 'asleep'));
    a.send(frame(mac(2), mac(1), 'unicast'));
    assert.deepEqual(b.received, ['heard', 'unicast']);
    assert.equal(bench.hub.drops.of('dormant'), 2);
  });

  test('FloodingSendQueueBufferQuota: who reads is flooded to all the same', () => {
    const options = { ...plainHubOptions, floodingSendQueueBufferQuota: 1_000 };
    const bench = new HubBench({}, { queuedBytes: () => 1_000, rules: { options } });
    const heard: string[] = [];
    for (const isBehind of [false, true]) {
      const deliver = () => heard.push(`behind: ${isBehind}`);
      bench.hub.attach({ deliver, isBehind }, { name: `behind: ${isBehind}` });
    }
    bench.plug('from').send(frame(broadcast, mac(1)));
    assert.deepEqual(heard, ['behind: false']);
    assert.deepEqual(bench.hub.drops.nonZero(), { 'flood-quota': 1 });
  });

  test('FloodingSendQueueBufferQuota: nobody while so much waits; unicast still passes', () => {
    let queuedBytes = 999;
    const options = { ...plainHubOptions, floodingSendQueueBufferQuota: 1_000 };
    const bench = new HubBench({}, { rules: { options }, queuedBytes: () => queuedBytes });
    const [a, b] = [bench.plug('a'), bench.plug('b')];
    introduce(a, b);
    a.send(frame(broadcast, mac(1), 'room'));
    queuedBytes = 1_000;
    a.send(frame(broadcast, mac(1), 'no room'));
    a.send(frame(mac(2), mac(1), 'unicast'));
    assert.deepEqual(b.received, ['room', 'unicast']);
    assert.deepEqual(bench.hub.drops.nonZero(), { 'flood-quota': 1 });
    bench.hub.configure({ options: { ...plainHubOptions, floodingSendQueueBufferQuota: 0 } });
    a.send(frame(broadcast, mac(1), 'no quota'));
    assert.equal(b.received.at(-1), 'no quota');
  });
});
