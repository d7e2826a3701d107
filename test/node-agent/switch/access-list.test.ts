import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AccessRule } from '#node-agent/switch/hub-rules.ts';
import { broadcast } from '#test/support/frames.ts';
import { ethernet, ip4, ip6, tcp } from '#test/support/packets.ts';
import { discard, dns, four, passes, underRules, web, web6 } from './access-bench.ts';
import { receiver, type SampleName, sampleNames, samples, sender } from './samples.ts';

describe('which entry of the access list decides', () => {
  test('active: an entry that is not is passed over', () => {
    assert.equal(passes(web, [{ ...discard, active: false }]), true);
    assert.equal(passes(web, [{ ...discard, active: true }]), false);
  });

  test('priority decides which of two entries does; of equals, the one that passes', () => {
    const pass: AccessRule = { ...discard, id: 2, discard: false };
    assert.equal(passes(web, [{ ...pass, priority: 20 }, discard]), false);
    assert.equal(passes(web, [discard, { ...pass, priority: 5 }]), true);
    assert.equal(passes(web, [discard, pass]), true);
    assert.equal(passes(web, [{ ...discard, id: 3 }, pass]), true);
  });

  test('of two that pass, the one with the lower id decides', () => {
    const pass: AccessRule = { ...discard, discard: false };
    const lossy: AccessRule = { ...pass, id: 2, lossPercent: 100 };
    assert.equal(passes(web, [lossy, pass]), true);
    const { from, to } = underRules([
      { ...lossy, id: 1 },
      { ...pass, id: 2 },
    ]);
    from.send(web);
    assert.deepEqual(to.frames, []);
  });

  test('an entry that lets pass lets TCP data pass as they are', () => {
    const data = four(tcp({ data: 'GET / HTTP/1.1' }), '10.1.2.3', '192.168.7.9', 6);
    assert.equal(
      passes(data, [
        { ...discard, discard: false },
        { ...discard, id: 2 },
      ]),
      true,
    );
  });
});

describe('rules for each receiver', () => {
  const toBob: AccessRule = { ...discard, destinationUser: 'bob' };

  test('a flood is kept from the one, not from the other', () => {
    const { bench, from, to } = underRules([toBob]);
    const carol = bench.plug('carol', { user: 'carol' });
    from.send(samples.otherBroadcast);
    assert.deepEqual([to.frames.length, carol.frames.length], [0, 1]);
    assert.deepEqual(bench.hub.drops.nonZero(), { 'access-list': 1 });
  });

  test('unicast to the one is dropped', () => {
    const { from, to } = underRules([toBob]);
    to.send(ethernet(broadcast, receiver, 0x88b5, Buffer.from('here')));
    from.send(samples.other);
    assert.equal(to.frames.length, 0);
  });

  test('what was decided on arrival is not decided again', () => {
    const pass: AccessRule = { ...discard, id: 7, discard: false, priority: 1, protocol: 6 };
    const { from, to } = underRules([toBob, pass]);
    from.send(web);
    from.send(dns);
    assert.deepEqual(to.frames, [web]);
  });

  test('behind the first entry that names a receiver, others count for each receiver, too', () => {
    const { from, to } = underRules([
      { ...toBob, destinationUser: 'nobody' },
      { ...discard, id: 2, priority: 20, protocol: 17 },
    ]);
    from.send(dns);
    from.send(web);
    assert.deepEqual(to.frames, [web]);
  });
});

describe('where rules look, what cannot be judged does not pass', () => {
  const lookAtPorts: AccessRule = { ...discard, destinationPorts: { first: 22, last: 22 } };
  const cut = (frame: Buffer, bytes: number): Buffer => frame.subarray(0, bytes);
  const tiny = ip4(tcp().subarray(0, 8), { protocol: 6 });
  const overwriting = ip4(Buffer.alloc(24), { protocol: 6, fragmentOffset: 1 });
  for (const [what, frame] of [
    ['an IPv4 header cut short', cut(web, 30)],
    ['a TCP header cut short', cut(web, 14 + 20 + 10)],
    ['a first fragment without TCP flags', ethernet(receiver, sender, 0x0800, tiny)],
    ['a fragment that overwrites TCP flags', ethernet(receiver, sender, 0x0800, overwriting)],
    ['an IPv6 header cut short', cut(web6, 40)],
    [
      'a header chain without end',
      ethernet(receiver, sender, 0x86dd, ip6(Buffer.alloc(80), { protocol: 0 })),
    ],
  ] as const) {
    test(what, () => {
      const { bench, from, to } = underRules([lookAtPorts]);
      from.send(frame);
      assert.deepEqual(bench.hub.drops.nonZero(), { malformed: 1 });
      assert.equal(to.frames.length, 0);
      const plain = underRules([]);
      plain.from.send(frame);
      assert.equal(plain.to.frames.length, 1);
    });
  }

  test('all samples are judged', () => {
    for (const name of sampleNames as readonly SampleName[]) {
      const { bench, from } = underRules([lookAtPorts]);
      from.send(samples[name]);
      assert.equal(bench.hub.drops.of('malformed'), 0, name);
    }
  });
});
