import { z } from 'zod';
import type { GenuineClient } from '#test/netns/genuine-client.ts';
import type { Host } from '#test/netns/host.ts';
import { eventually } from '#test/support/eventually.ts';

/** What the pairs of clients do to each other. */
export const iperfKinds = ['TCP', 'TCP both ways', 'UDP 1400'] as const;
export type IperfKind = (typeof iperfKinds)[number];

/** Who sends, and who listens. */
export type ClientPair = readonly [sender: GenuineClient, receiver: GenuineClient];

/** What all pairs of one run did together. */
export interface IperfResult {
  /** As the receivers counted: payload only, both ways. */
  readonly bytes: number;
  /** Of the slowest pair. */
  readonly seconds: number;
  readonly retransmits: number;
  /** Datagrams: sent, and missed by receivers. */
  readonly sent: number;
  readonly lost: number;
}

const payloadBytes = 1_400;
const port = 5_201;
/** Beyond the time it was given: the connection of its own that iperf3 counts over. */
const graceMs = 15_000;

const sum = z.object({
  bytes: z.number(),
  seconds: z.number(),
  retransmits: z.number().default(0),
  packets: z.number().default(0),
  lost_packets: z.number().default(0),
});
const report = z.object({
  error: z.string().optional(),
  end: z.object({
    sum_sent: sum.optional(),
    sum_received: sum.optional(),
    sum_sent_bidir_reverse: sum.optional(),
    sum_received_bidir_reverse: sum.optional(),
  }),
});

/** Why iperf3 cannot be run here, or nothing. */
export async function whyNoIperf(host: Host): Promise<string | undefined> {
  const found = await host.exec(['iperf3', '--version']).catch(() => undefined);
  if (found?.code === 0) return undefined;
  return 'iperf3 is missing; Debian has it: apt-get install -y --no-install-recommends iperf3';
}

/** Start the listening side; it serves one test after the other until its host is gone. */
export async function startIperf({ host }: GenuineClient): Promise<void> {
  host.spawn('iperf3', ['iperf3', '-s', '-p', String(port)]);
  await eventually(async () => {
    const sockets = await host.mustExec(['ss', '-Hltn', `sport = :${port}`]);
    return sockets.includes(String(port)) ? undefined : `iperf3 does not listen on ${host.name}`;
  }, graceMs);
}

/** All pairs at once; `udpBits` a second are offered by all together. */
export async function runIperf(
  pairs: readonly ClientPair[],
  kind: IperfKind,
  seconds: number,
  udpBits: number,
): Promise<IperfResult> {
  const wishes: Readonly<Record<IperfKind, readonly string[]>> = {
    TCP: [],
    'TCP both ways': ['--bidir'],
    'UDP 1400': ['-u', '-l', String(payloadBytes), '-b', String(udpBits / pairs.length)],
  };
  const results = await Promise.all(
    pairs.map(([sender, receiver]) => {
      const target = ['-c', receiver.tapAddress, '-p', String(port), '-t', String(seconds), '-J'];
      return measured(sender.host, ['iperf3', ...target, ...wishes[kind]], seconds);
    }),
  );
  const total = (pick: (result: IperfResult) => number): number =>
    results.reduce((all, result) => all + pick(result), 0);
  return {
    bytes: total(({ bytes }) => bytes),
    seconds: Math.max(...results.map((result) => result.seconds)),
    retransmits: total(({ retransmits }) => retransmits),
    sent: total(({ sent }) => sent),
    lost: total(({ lost }) => lost),
  };
}

async function measured(host: Host, argv: readonly string[], runs: number): Promise<IperfResult> {
  const { stdout, stderr } = await host.exec(argv, runs * 1_000 + graceMs);
  const { error, end } = report.parse(JSON.parse(stdout || `{"error":${JSON.stringify(stderr)}}`));
  const { sum_sent, sum_received } = end;
  if (error !== undefined || sum_sent === undefined || sum_received === undefined) {
    throw new Error(`iperf3 on ${host.name}: ${error ?? 'counted nothing'}`);
  }
  const { sum_sent_bidir_reverse: sentBack, sum_received_bidir_reverse: receivedBack } = end;
  return {
    bytes: sum_received.bytes + (receivedBack?.bytes ?? 0),
    seconds: sum_received.seconds,
    retransmits: sum_sent.retransmits + (sentBack?.retransmits ?? 0),
    sent: sum_received.packets,
    lost: sum_received.lost_packets,
  };
}
