import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type HubOptions,
  type HubRules,
  type PacketLogKind,
  plainHubOptions,
} from '#node-agent/switch/hub-rules.ts';
import type { Fields, Log } from '#shared/kernel/log.ts';
import { defaultPolicy, type Policy } from '#shared/wire/policy.ts';
import { broadcast, frame, mac } from '#test/support/frames.ts';
import { dhcpAck, ethernet, ip4, tagged, tcp, udp } from '#test/support/packets.ts';
import { HubBench } from './hub-bench.ts';
import { receiver, type SampleName, sampleNames, samples, sender } from './samples.ts';

interface Told {
  readonly event: string;
  readonly fields: Fields;
}

class Recorder implements Log {
  readonly told: Told[] = [];
  info(event: string, fields: Fields = {}): void {
    this.told.push({ event, fields });
  }
  warn(event: string): void {
    assert.fail(event);
  }
  error(event: string): void {
    assert.fail(event);
  }
}

function withLog(rules: HubRules): [HubBench, Recorder] {
  const log = new Recorder();
  return [new HubBench({}, { rules, log }), log];
}

const policy = (given: Partial<Policy>): Policy => ({ ...defaultPolicy, ...given });
const options = (given: Partial<HubOptions>): HubOptions => ({ ...plainHubOptions, ...given });

describe('the security log', () => {
  test('who broke which rule, with which address', () => {
    const [bench, log] = withLog({});
    const from = bench.plug('SID-A-1', { user: 'Alice', policy: policy({ noServer: true }) });
    bench.plug('SID-B-1');
    from.send(samples.tcp4SynAck);
    assert.deepEqual(log.told, [
      {
        event: 'hub.security',
        fields: {
          hub: 'HUB',
          what: 'no-server',
          attachment: 'SID-A-1',
          user: 'alice',
          mac: '02:00:00:00:00:01',
          frame: samples.tcp4SynAck.toString('hex', 0, 54),
        },
      },
    ]);
  });

  test('what is no offence is not told', () => {
    const [bench, log] = withLog({});
    const from = bench.plug('a', { policy: policy({ filterIpV6: true }) });
    bench.plug('b');
    for (const name of sampleNames) from.send(samples[name]);
    assert.deepEqual(log.told, []);
  });

  test('addresses that are learned, where NoMacAddressLog is off', () => {
    const [bench, log] = withLog({ options: options({ noMacAddressLog: false }) });
    const from = bench.plug('a');
    from.send(frame(broadcast, mac(1)));
    from.send(frame(broadcast, mac(1)));
    from.send(tagged(frame(broadcast, mac(1)), 7));
    assert.deepEqual(
      log.told.map(({ fields }) => [fields['what'], fields['mac'], fields['vlan']]),
      [
        ['mac-learned', '02:00:00:00:00:01', undefined],
        ['mac-learned', '02:00:00:00:00:01', 7],
      ],
    );
  });

  test('an address beyond the limit is no learned one', () => {
    const [bench, log] = withLog({ options: options({ noMacAddressLog: false }) });
    const from = bench.plug('a', { policy: { ...defaultPolicy, maxMac: 3 } });
    for (const n of [1, 2, 3, 4]) from.send(frame(broadcast, mac(n)));
    const what = log.told.map(({ fields }) => fields['what']);
    assert.deepEqual(what, ['mac-learned', 'mac-learned', 'mac-learned', 'mac-limit']);
  });

  test('addresses that a DHCP server lends', () => {
    const [bench, log] = withLog({});
    const [server, client] = [bench.plug('server'), bench.plug('client', { user: 'bob' })];
    client.send(frame(broadcast, mac(2)));
    server.send(ethernet(broadcast, mac(1), 0x0800, dhcpAck('10.0.0.7', mac(2), 600)));
    assert.deepEqual(log.told[0]?.fields, {
      hub: 'HUB',
      what: 'dhcp-lent',
      attachment: 'server',
      user: undefined,
      address: '10.0.0.7',
      leaseSec: 600,
      to: 'client',
      toUser: 'bob',
    });
  });

  test('an attack is told of sixty times a minute, and what was kept back is counted', () => {
    const [bench, log] = withLog({});
    const from = bench.plug('a', { policy: policy({ noServer: true }) });
    for (let n = 0; n < 100; n++) from.send(samples.tcp4SynAck);
    assert.equal(log.told.length, 60);
    bench.time.advance(60_000);
    from.send(samples.tcp4SynAck);
    assert.equal(log.told.at(-1)?.fields['suppressed'], 40);
    from.send(samples.tcp4SynAck);
    assert.equal('suppressed' in (log.told.at(-1)?.fields ?? {}), false);
  });

  for (const [what, given, security] of [
    ['DoNotSaveHeavySecurityLogs', { doNotSaveHeavySecurityLogs: true }, true],
    ['the security log switched off', {}, false],
  ] as const) {
    test(`${what}: nothing`, () => {
      const [bench, log] = withLog({
        options: options({ noMacAddressLog: false, ...given }),
        log: { security, packets: {} },
      });
      const from = bench.plug('a', { policy: policy({ noServer: true }) });
      from.send(samples.tcp4SynAck);
      bench
        .plug('server')
        .send(ethernet(broadcast, mac(9), 0x0800, dhcpAck('10.0.0.7', sender, 600)));
      assert.deepEqual(log.told, []);
    });
  }

  test('what is lent within one site is that site’s business', () => {
    const [bench, log] = withLog({});
    const site = bench.plug('site');
    site.send(frame(broadcast, mac(2)));
    site.send(ethernet(broadcast, mac(1), 0x0800, dhcpAck('10.0.0.7', mac(2), 600)));
    assert.deepEqual(log.told, []);
    assert.equal(bench.hub.ipEntries, 1);
  });
});

describe('the packet log', () => {
  const kinds: readonly (readonly [PacketLogKind, readonly SampleName[]])[] = [
    ['tcpConnection', ['tcp4Syn', 'tcp4SynAck', 'tcp6SynAck', 'udp4', 'udp6']],
    ['tcp', ['tcp4', 'tcp4Syn', 'tcp4SynAck', 'tcp6', 'tcp6SynAck']],
    ['dhcp', ['dhcpRequest', 'dhcpReply', 'dhcp6Request', 'dhcp6Reply']],
    [
      'udp',
      ['udp4', 'udp4Broadcast', 'udp6', 'dhcpRequest', 'dhcpReply', 'dhcp6Request', 'dhcp6Reply'],
    ],
    ['icmp', ['icmp4', 'routerSolicitation', 'routerAdvertisement', 'neighbourSolicitation']],
    ['arp', ['arpRequest', 'arpReply']],
    ['ip', sampleNames.filter((name) => !/^(arp|pppoe|bpdu|other)/.test(name))],
    ['ethernet', sampleNames],
  ];
  for (const [kind, logged] of kinds) {
    test(`${kind}: ${logged.length} samples`, () => {
      for (const name of sampleNames) {
        const [bench, log] = withLog({ log: { security: true, packets: { [kind]: 'header' } } });
        bench.plug('to');
        bench.plug('from').send(samples[name]);
        assert.equal(log.told.length, logged.includes(name) ? 1 : 0, name);
        for (const { event, fields } of log.told) {
          assert.equal(event, 'hub.packet');
          assert.equal('payload' in fields, false);
        }
      }
    });
  }

  test('UDP has ports, ICMP has a type', () => {
    const [bench, log] = withLog({ log: { security: true, packets: { ip: 'header' } } });
    bench.plug('to');
    const from = bench.plug('from');
    for (const sample of [samples.udp4, samples.icmp4]) from.send(sample);
    const told = log.told.map(({ fields }) => [
      fields['sourcePort'],
      fields['destinationPort'],
      fields['icmpType'],
    ]);
    assert.deepEqual(told, [
      [5_000, 53, undefined],
      [undefined, undefined, 8],
    ]);
  });

  test('what is told of a packet', () => {
    const [bench, log] = withLog({ log: { security: true, packets: { tcp: 'payload' } } });
    const [from, to] = [bench.plug('SID-A-1'), bench.plug('SID-B-1')];
    to.send(frame(broadcast, receiver));
    const sent = ethernet(receiver, sender, 0x0800, ip4(tcp({ data: 'x' }), { protocol: 6 }));
    from.send(sent);
    assert.deepEqual(log.told.at(-1)?.fields, {
      hub: 'HUB',
      from: 'SID-A-1',
      to: 'SID-B-1',
      sourceMac: '02:00:00:00:00:01',
      destinationMac: '02:00:00:00:00:02',
      bytes: sent.length,
      type: 0x0800,
      source: '10.0.0.1',
      destination: '10.0.0.2',
      protocol: 6,
      sourcePort: 40_000,
      destinationPort: 80,
      tcpFlags: 16,
      payload: sent.toString('hex'),
    });
    from.send(samples.tcp6SynAck);
    assert.equal(log.told.at(-1)?.fields['source'], 'fe80:0000:0000:0000:0000:0000:0000:0001');
  });

  test('off unless configured, and not for what is dropped', () => {
    const [plain, quiet] = withLog({});
    plain.plug('a').send(samples.tcp4);
    assert.deepEqual(quiet.told, []);
    const rules: HubRules = {
      options: options({ filterIpV4: true }),
      log: { security: true, packets: { ethernet: 'header' } },
    };
    const [bench, log] = withLog(rules);
    bench.plug('a').send(samples.tcp4);
    assert.deepEqual(log.told, []);
  });

  for (const [option, kept] of [
    ['noIpV4PacketLog', sampleNames.filter((name) => /6|router|neigh|pppoe|bpdu|other/.test(name))],
    ['noIpV6PacketLog', sampleNames.filter((name) => !/6|router|neighbour/.test(name))],
  ] as const) {
    test(`${option}: those are left out`, () => {
      const [bench, log] = withLog({
        options: options({ [option]: true, broadcastStormDetectionThreshold: 1_000 }),
        log: { security: false, packets: { ethernet: 'header' } },
      });
      bench.plug('to');
      const from = bench.plug('from');
      for (const name of sampleNames) from.send(samples[name]);
      assert.equal(log.told.length, kept.length);
    });
  }

  test('MaxLoggedPacketsPerMinute bounds each session, a number of ours the hub', () => {
    const packets = { ethernet: 'header' } as const;
    const [bench, log] = withLog({
      options: options({ maxLoggedPacketsPerMinute: 5 }),
      log: { security: false, packets },
    });
    const [a, b] = [bench.plug('a'), bench.plug('b')];
    for (let n = 0; n < 20; n++) a.send(samples.udp4);
    b.send(frame(broadcast, mac(7)));
    assert.equal(log.told.length, 6);
    assert.equal(b.frames.length, 20, 'what is not logged passes all the same');
    const [free, all] = withLog({ log: { security: false, packets } });
    const from = free.plug('a', { policy: policy({ noBroadcastLimiter: true }) });
    for (let n = 0; n < 10_000; n++) {
      from.send(ethernet(receiver, sender, 0x0800, ip4(udp(1, n), { protocol: 17 })));
    }
    assert.equal(all.told.length, 6_000);
  });
});
