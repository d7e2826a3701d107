import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HeldBytes } from '#node-agent/switch/delay-queue.ts';
import { type AccessRule, plainHubOptions } from '#node-agent/switch/hub-rules.ts';
import { addSum } from '#node-agent/switch/parse/checksum.ts';
import { defaultPolicy } from '#shared/wire/policy.ts';
import { broadcast, frame, mac } from '#test/support/frames.ts';
import { ethernet, ip4, ip6, sumOfIp6, tagged, tcp, tcpFlags } from '#test/support/packets.ts';
import { HubBench } from './hub-bench.ts';
import { receiver, samples, sender } from './samples.ts';

const pass: AccessRule = { id: 1, priority: 1, discard: false, ipVersion: 4 };
const numbered = (n: number): Buffer => frame(receiver, sender, `${n}`);

describe('delay, jitter and loss', () => {
  test('what is delayed arrives that much later, in order', () => {
    const bench = new HubBench({}, { rules: { accessRules: [{ ...pass, delayMs: 100 }] } });
    const [a, b] = [bench.plug('a'), bench.plug('b')];
    a.send(numbered(1));
    a.send(numbered(2));
    bench.time.advance(99);
    assert.deepEqual([b.received, bench.hub.heldFrames], [[], 2]);
    bench.time.advance(1);
    assert.deepEqual([b.received, bench.hub.heldFrames], [['1', '2'], 0]);
    assert.equal(bench.time.waiting, 0);
  });

  test('what no entry delays passes at once, behind what one does', () => {
    const accessRules = [{ ...pass, protocol: 17, delayMs: 100 }];
    const bench = new HubBench({}, { rules: { accessRules } });
    const [a, b] = [bench.plug('a'), bench.plug('b')];
    a.send(samples.udp4);
    a.send(samples.tcp4);
    assert.deepEqual(b.frames, [samples.tcp4]);
  });

  test('a held frame owns its bytes: what it arrived in may be used again', () => {
    const bench = new HubBench({}, { rules: { accessRules: [{ ...pass, delayMs: 100 }] } });
    const [a, b] = [bench.plug('a'), bench.plug('b')];
    const chunk = numbered(1);
    a.send(chunk);
    chunk.fill(0xff);
    bench.time.advance(100);
    assert.deepEqual(b.received, ['1']);
  });

  test('jitter of 50 % spreads delays between 50 and 150 ms', () => {
    const rule = { ...pass, delayMs: 100, jitterPercent: 50 };
    const bench = new HubBench({}, { rules: { accessRules: [rule] } });
    const [a, b] = [bench.plug('a'), bench.plug('b')];
    for (let n = 0; n < 200; n++) a.send(numbered(n));
    bench.time.advance(49);
    assert.equal(b.received.length, 0);
    bench.time.advance(31);
    assert.ok(b.received.length > 10, `${b.received.length} arrived early`);
    bench.time.advance(60);
    assert.ok(b.received.length < 200);
    bench.time.advance(11);
    assert.equal(b.received.length, 200);
    assert.notDeepEqual(
      b.received,
      b.received.toSorted((one, two) => Number(one) - Number(two)),
    );
  });

  for (const [lossPercent, least, most] of [
    [0, 1_000, 1_000],
    [30, 600, 800],
    [100, 0, 0],
  ] as const) {
    test(`${lossPercent} % loss: ${least} to ${most} of 1000 arrive`, () => {
      const rules = { accessRules: [{ ...pass, lossPercent }] };
      const bench = new HubBench({}, { rules });
      const [a, b] = [bench.plug('a'), bench.plug('b')];
      for (let n = 0; n < 1_000; n++) a.send(numbered(n));
      assert.ok(b.received.length >= least && b.received.length <= most, `${b.received.length}`);
      assert.equal(bench.hub.drops.of('loss'), 1_000 - b.received.length);
    });
  }

  test('a held frame is dropped when the fence has closed, its sender or the hub is gone', () => {
    const rules = { accessRules: [{ ...pass, delayMs: 100 }] };
    const bench = new HubBench({}, { rules });
    const [a, b] = [bench.plug('a'), bench.plug('b')];
    a.send(numbered(1));
    bench.held = false;
    bench.time.advance(100);
    bench.held = true;
    a.send(numbered(2));
    bench.hub.detach(a.attachment);
    bench.time.advance(100);
    const c = bench.plug('c');
    c.send(numbered(3));
    bench.hub.close();
    assert.equal(bench.time.waiting, 0);
    bench.time.advance(100);
    assert.deepEqual(b.received, []);
    assert.deepEqual(bench.hub.drops.nonZero(), { fenced: 1, 'hub-closed': 2 });
  });

  test('one sender may not hold back more than its share, all together no more than fits', () => {
    const rules = { accessRules: [{ ...pass, delayMs: 100 }] };
    const heldBytes = new HeldBytes(150);
    const bench = new HubBench({ heldFramesMax: 3 }, { rules, heldBytes });
    const [a, b] = [bench.plug('a'), bench.plug('b')];
    for (let n = 0; n < 5; n++) a.send(numbered(n)); // 15 bytes each
    assert.equal(bench.hub.drops.of('delay-queue-full'), 2);
    b.send(frame(mac(1), mac(3), Buffer.alloc(92))); // 106 bytes: one too many
    assert.equal(bench.hub.drops.of('delay-queue-full'), 3);
    bench.time.advance(100);
    a.send(numbered(9));
    assert.equal(bench.hub.heldFrames, 1);
    bench.time.advance(100);
    assert.deepEqual(b.received, ['0', '1', '2', '9']);
  });
});

describe('URL redirect', () => {
  const rule: AccessRule = { ...pass, redirectUrl: 'http://login.example/?a=1&b="2"' };
  const request = { from: 40_000, to: 80, sequence: 7_000, acknowledged: 9_000, data: 'GET /' };

  function redirected(sent: Buffer, user: string | undefined = 'alice'): Buffer[] {
    const bench = new HubBench({}, { rules: { accessRules: [rule] } });
    const a = bench.plug('a', { user });
    const b = bench.plug('b');
    a.send(sent);
    assert.deepEqual(b.frames, []);
    assert.deepEqual(bench.hub.drops.nonZero(), { redirected: 1 });
    return a.frames;
  }

  test('TCP data over IPv4 is answered in the name of its destination', () => {
    const sent = ethernet(receiver, sender, 0x0800, ip4(tcp(request), { protocol: 6 }));
    const [answer = Buffer.alloc(0)] = redirected(sent);
    assert.equal(
      answer.toString('hex', 0, 14),
      [sent.toString('hex', 6, 12), sent.toString('hex', 0, 6), '0800'].join(''),
    );
    assert.equal(answer.readUInt16BE(16), answer.length - 14);
    assert.equal(answer.toString('hex', 26, 34), '0a0000020a000001');
    assert.equal(answer.readUInt16BE(34), 80);
    assert.equal(answer.readUInt16BE(36), 40_000);
    assert.equal(answer.readUInt32BE(38), 9_000);
    assert.equal(answer.readUInt32BE(42), 7_000 + 'GET /'.length);
    assert.equal(addSum(answer, 14, 20) % 0xffff, 0, 'checksum of the IP header');
    const tcpSum = addSum(answer, 34, answer.length - 34, addSum(answer, 26, 8));
    assert.equal((tcpSum + 6 + answer.length - 34) % 0xffff, 0, 'checksum of TCP');
    const text = answer.toString('utf8', 54);
    assert.match(
      text,
      /^HTTP\/1\.1 302 Found\r\nLocation: http:\/\/login\.example\/\?a=1&b="2"\r\n/,
    );
    const [head = '', page = ''] = text.split('\r\n\r\n');
    assert.match(head, new RegExp(`Content-Length: ${page.length}\\b`));
  });

  test('TCP data over IPv6 likewise', () => {
    const sent = ethernet(receiver, sender, 0x86dd, ip6(tcp(request), { protocol: 6 }));
    const [answer = Buffer.alloc(0)] = redirected(sent);
    assert.equal(answer.readUInt16BE(18), answer.length - 54);
    assert.equal(sumOfIp6(answer.subarray(14), 6) % 0xffff, 0);
  });

  test('who is no user is not answered, and the segment is dropped all the same', () => {
    const sent = ethernet(receiver, sender, 0x0800, ip4(tcp(request), { protocol: 6 }));
    const bench = new HubBench({}, { rules: { accessRules: [rule] } });
    const a = bench.plug('a');
    a.send(sent);
    assert.deepEqual(a.frames, []);
    assert.equal(bench.hub.drops.of('redirected'), 1);
  });

  test('an entry that discards answers TCP data all the same, and drops the rest', () => {
    const sent = ethernet(receiver, sender, 0x0800, ip4(tcp(request), { protocol: 6 }));
    const opening = tcp({ ...request, flags: tcpFlags.syn });
    const rules = { accessRules: [{ ...rule, discard: true }] };
    const bench = new HubBench({}, { rules });
    const [a, b] = [bench.plug('a', { user: 'alice' }), bench.plug('b')];
    a.send(ethernet(receiver, sender, 0x0800, ip4(opening, { protocol: 6 })));
    assert.deepEqual(a.frames, []);
    a.send(sent);
    assert.equal(a.frames.length, 1);
    assert.deepEqual(b.frames, []);
    assert.deepEqual(bench.hub.drops.nonZero(), { 'access-list': 1, redirected: 1 });
  });

  for (const [what, part] of [
    ['SYN', tcp({ ...request, flags: tcpFlags.syn })],
    ['SYN and ACK', tcp({ ...request, flags: tcpFlags.syn | tcpFlags.ack })],
    ['RST', tcp({ ...request, flags: tcpFlags.rst | tcpFlags.ack })],
    ['URG', tcp({ ...request, flags: tcpFlags.urg | tcpFlags.ack })],
    ['no data', tcp({ ...request, data: '' })],
  ] as const) {
    test(`${what}: passes`, () => {
      const bench = new HubBench({}, { rules: { accessRules: [rule] } });
      const [a, b] = [bench.plug('a', { user: 'alice' }), bench.plug('b')];
      a.send(ethernet(receiver, sender, 0x0800, ip4(part, { protocol: 6 })));
      assert.equal(b.frames.length, 1);
    });
  }

  test('the largest URL still makes a frame that fits', () => {
    const bench = new HubBench(
      {},
      {
        rules: { accessRules: [{ ...pass, redirectUrl: `http://h/${'"'.repeat(246)}` }] },
      },
    );
    const a = bench.plug('a', { user: 'alice' });
    a.send(ethernet(receiver, sender, 0x86dd, ip6(tcp(request), { protocol: 6 })));
    assert.ok((a.frames[0]?.length ?? 0) <= 1600, `${a.frames[0]?.length} bytes`);
  });
});

describe('rate limits', () => {
  const bytes = 1_000;
  const big = frame(receiver, sender, Buffer.alloc(bytes - 14));

  for (const [what, place] of [
    ['MaxUpload', 'from'],
    ['MaxDownload', 'to'],
  ] as const) {
    test(`${what}: so many bits in a second, then so many in the next`, () => {
      const limited = { ...defaultPolicy, maxUploadBps: 24_000, maxDownloadBps: 24_000 };
      const bench = new HubBench();
      const from = bench.plug('from', { policy: place === 'from' ? limited : defaultPolicy });
      const to = bench.plug('to', { policy: place === 'to' ? limited : defaultPolicy });
      for (let n = 0; n < 5; n++) from.send(big);
      assert.equal(to.frames.length, 3);
      const reason = place === 'from' ? 'upload-limit' : 'download-limit';
      assert.deepEqual(bench.hub.drops.nonZero(), { [reason]: 2 });
      bench.time.advance(1_000);
      from.send(big);
      assert.equal(to.frames.length, 3);
      bench.time.advance(1);
      from.send(big);
      assert.equal(to.frames.length, 4);
    });

    test(`${what}: what opens and ends connections always passes`, () => {
      const limited = { ...defaultPolicy, maxUploadBps: 1, maxDownloadBps: 1 };
      const bench = new HubBench();
      const from = bench.plug('from', { policy: place === 'from' ? limited : defaultPolicy });
      const to = bench.plug('to', { policy: place === 'to' ? limited : defaultPolicy });
      const { arpRequest, arpReply, icmp4, tcp4Syn, tcp4SynAck, dhcpRequest } = samples;
      const ends = [tcpFlags.fin, tcpFlags.rst].map((flag) => {
        const segment = tcp({ flags: tcpFlags.ack | flag });
        return ethernet(receiver, sender, 0x0800, ip4(segment, { protocol: 6 }));
      });
      const exempt = [arpRequest, arpReply, icmp4, tcp4Syn, tcp4SynAck, dhcpRequest, ...ends];
      for (const sent of [...exempt, samples.tcp4, samples.udp4, samples.tcp6]) from.send(sent);
      assert.deepEqual(to.frames, exempt);
    });
  }

  test('a monitor’s MaxDownload bounds its copies', () => {
    const bench = new HubBench();
    const from = bench.plug('from');
    const policy = { ...defaultPolicy, maxDownloadBps: 24_000 };
    const monitor = bench.plug('monitor', { monitor: true, policy });
    for (let n = 0; n < 5; n++) from.send(big);
    assert.equal(monitor.frames.length, 3);
    assert.deepEqual(bench.hub.drops.nonZero(), { 'download-limit': 2 });
  });
});

describe('TCP MSS', () => {
  const mss = (value: number, before = ''): Buffer => {
    const option = Buffer.from(`${before}0204${value.toString(16).padStart(4, '0')}`, 'hex');
    return Buffer.concat([option, Buffer.alloc((4 - (option.length % 4)) % 4)]);
  };
  const syn = (options: Buffer, flags: number = tcpFlags.syn): Buffer => {
    const packet = ip6(tcp({ flags, options }), { protocol: 6 });
    const segment = packet.subarray(40);
    const sum = sumOfIp6(packet, 6) % 0xffff;
    segment.writeUInt16BE(0xffff - sum, 16);
    assert.equal(sumOfIp6(packet, 6) % 0xffff, 0);
    return ethernet(receiver, sender, 0x86dd, packet);
  };
  function through(sent: Buffer, adjustTcpMssValue: number, disableAdjustTcpMss = false): Buffer {
    const options = { ...plainHubOptions, adjustTcpMssValue, disableAdjustTcpMss };
    const bench = new HubBench({}, { rules: { options } });
    const [a, b] = [bench.plug('a'), bench.plug('b')];
    const before = Buffer.from(sent);
    a.send(sent);
    assert.deepEqual(sent, before, 'what arrived is not written to');
    return b.frames[0] ?? Buffer.alloc(0);
  }

  for (const [what, before] of [
    ['first', ''],
    ['at an odd offset', '01'],
    ['behind another', '0402'],
  ] as const) {
    test(`lowered where the option is ${what}, and the checksum still right`, () => {
      const out = through(syn(mss(1_460, before)), 1_300);
      assert.deepEqual(out, syn(mss(1_300, before)));
      assert.equal(sumOfIp6(out.subarray(14), 6) % 0xffff, 0);
    });
  }

  test('behind VLAN tags lowered by their length more, as far as that goes', () => {
    const twice = (frame: Buffer): Buffer => tagged(tagged(frame, 7), 8);
    assert.deepEqual(through(twice(syn(mss(1_460))), 1_300), twice(syn(mss(1_292))));
    assert.deepEqual(through(twice(syn(mss(1_460))), 8), twice(syn(mss(1_460))));
  });

  for (const [what, sent, value, disabled] of [
    ['lower already', syn(mss(1_200)), 1_300, false],
    ['no SYN', syn(mss(1_460), tcpFlags.ack), 1_300, false],
    ['no option', syn(Buffer.alloc(0)), 1_300, false],
    ['an option cut short', syn(Buffer.from('01010204', 'hex')), 1_300, false],
    ['an option of length 0', syn(Buffer.from('05000204', 'hex')), 1_300, false],
    ['no value configured', syn(mss(1_460)), 0, false],
    ['DisableAdjustTcpMss', syn(mss(1_460)), 1_300, true],
    ['none among its options', syn(Buffer.from('04020101', 'hex')), 100, false],
    ['behind the end of options', syn(Buffer.from('0002020405b40000', 'hex')), 1_300, false],
  ] as const) {
    test(`untouched: ${what}`, () => assert.deepEqual(through(sent, value, disabled), sent));
  }
});

test('broadcast is as good as unicast to a rule', () => {
  const bench = new HubBench({}, { rules: { accessRules: [{ ...pass, discard: true }] } });
  const [a, b] = [bench.plug('a'), bench.plug('b')];
  a.send(frame(broadcast, sender, 'x'));
  assert.deepEqual(b.received, []);
});
