import { dial } from '#node-agent/dial/dial.ts';
import type { DialCredential, DialOptions } from '#node-agent/dial/dial-options.ts';
import type { DialedSession } from '#node-agent/dial/dialed-session.ts';
import { systemClock, systemRandom, systemTimers } from '#node-agent/system.ts';
import { silentLog } from '#shared/kernel/log.ts';
import { eventually } from '#test/support/eventually.ts';

// Runs where the server can be reached, with `ADDRESS PORT HUB USER PASSWORD`; prints what it saw
// as one line of JSON.
const [address = '', port = '', hub = '', user = '', password = ''] = process.argv.slice(2);

/** What the test looks at. */
export interface DialReport {
  readonly rejections: Readonly<Record<string, number | string>>;
  readonly connections: readonly number[];
  readonly received: readonly (readonly string[])[];
  readonly ends: readonly string[];
}

const broadcast = 'ffffffffffff';
const macs = ['020000000001', '020000000002', '020000000003', '020000000004'];
const etherType = '88b5'; // IEEE 802 local experimental

function frame(to: string, from: string, text: string): Buffer {
  const head = Buffer.from(`${to}${from}${etherType}`, 'hex');
  return Buffer.concat([head, Buffer.from(text.padEnd(1000, '.'))]);
}

function options(more: Partial<DialOptions>): DialOptions {
  return {
    address,
    port: Number(port),
    hub,
    user,
    credential: { kind: 'password', password },
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
    log: silentLog,
    additionalConnectEveryMs: 50,
    ...more,
  };
}

async function connected(more: Partial<DialOptions>): Promise<DialedSession> {
  const outcome = await dial(options(more));
  if (outcome.kind !== 'connected') throw new Error(JSON.stringify(outcome));
  return outcome.session;
}

async function rejection(more: Partial<DialOptions>): Promise<number | string> {
  const outcome = await dial(options(more));
  return outcome.kind === 'rejected' ? outcome.code : outcome.kind;
}

const wrong: DialCredential = { kind: 'password', password: `${password}x` };
const rejections = {
  wrongPassword: await rejection({ credential: wrong }),
  unknownUser: await rejection({ user: 'nobody' }),
  unknownHub: await rejection({ hub: 'NOWHERE' }),
  anonymous: await rejection({ credential: { kind: 'anonymous' } }),
};

const sessions = await Promise.all([
  connected({ probe: true }),
  connected({ maxConnections: 8 }),
  connected({ credential: { kind: 'plain', password }, useCompress: true }),
  connected({ bridge: true, maxConnections: 2 }),
]);
const received = sessions.map((session): string[] => {
  const texts: string[] = [];
  session.onFrame = (bytes) => {
    if (bytes.toString('hex', 12, 14) !== etherType) return;
    texts.push(bytes.toString('latin1', 14).replace(/\.+$/, ''));
  };
  return texts;
});
await eventually(
  () => (sessions[1]?.connections === 8 ? undefined : `${sessions[1]?.connections} connections`),
  10_000,
);
const connections = sessions.map((session) => session.connections);

// Everybody calls everybody; then everybody answers the one before, who is known by now.
for (const [i, session] of sessions.entries()) {
  session.send([frame(broadcast, macs[i] ?? '', `hello from ${i}`)]);
}
await eventually(() => shortOf(3), 5_000);
for (const [i, session] of sessions.entries()) {
  const previous = (i + macs.length - 1) % macs.length;
  session.send([frame(macs[previous] ?? '', macs[i] ?? '', `${i} to ${previous}`)]);
}
await eventually(() => shortOf(4), 5_000);

function shortOf(count: number): string | undefined {
  const short = received.filter((texts) => texts.length < count);
  return short.length === 0 ? undefined : `received ${JSON.stringify(received)}`;
}

const ends = await Promise.all(
  sessions.map(async (session) => {
    await session.close();
    return (await session.ended).kind;
  }),
);
const report: DialReport = { rejections, connections, received, ends };
process.stdout.write(`${JSON.stringify(report)}\n`);
