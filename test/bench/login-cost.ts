import type { SessionReport } from '#shared/contract/heartbeat.ts';
import { explanationCharsMax } from '#shared/contract/ticket.ts';
import { hubName } from '#shared/kernel/ids.ts';
import { defaultPolicy } from '#shared/wire/policy.ts';
import type { LoginWish } from '#test/functions/login-wish.ts';
import { sessionReport } from '#test/functions/test-member.ts';
import { tool } from '#test/support/command-line.ts';
import { columns } from './columns.ts';
import { printBill } from './login-cost-bill.ts';
import { type Cost, CostRig, callMs } from './login-cost-rig.ts';
import { prices } from './prices.ts';

/**
 * What the control plane costs: request units, invocations and dollars for each thing that happens,
 * and for a month of an organisation. The functions are production's; the table counts as DynamoDB
 * bills. `npm run bench:login`.
 */
const memberCount = 12;
/** Memory of the functions, GB: `cdk/constructs`. */
const memory = { frontdoor: 1, agentApi: 1, watchdog: 0.5, sweeper: 0.5 } as const;
const repetitions = 9;
/** So that nobody logs in too often. */
const userCount = 20;

tool('bench:login', 'What logins and heartbeats cost: requests and dollars.').parse();

const rig = new CostRig(callMs);
const { plane } = rig;
await plane.createHub('OFFICE', 'static');
await plane.createHub('LIMITED', 'static', { maxSession: 100 });
const limits = { policy: { ...defaultPolicy, multiLogins: 3 } };
let users = 0;
for (let number = 0; number < userCount; number += 1) {
  await plane.createUser('OFFICE', `user${number}`, 'secret');
  await plane.createUser('LIMITED', `user${number}`, 'secret', limits);
}
for (let index = 0; index < memberCount; index += 1) await rig.startMember();

const rows: [string, Cost, number][] = [];
const around = await costOf(() => rig.measure(() => rig.aroundLogin()));
row('probe, Hello and the note after the redirect', around, memory.frontdoor);

const staticLogin = await costOf(() => login('OFFICE'));
row('login, static hub', staticLogin, memory.frontdoor);
const limitedLogin = await costOf(() => login('LIMITED'));
row('login, static hub with session and user limits', limitedLogin, memory.frontdoor);

let hubs = 0;
const firstLogin = await costOf(async () => {
  hubs += 1;
  await placedHub(`DYN${hubs}`, undefined);
  return login(`DYN${hubs}`);
});
row('login, dynamic hub, first client', firstLogin, memory.frontdoor);
const knownLogin = await costOf(async () => {
  hubs += 1;
  await placedHub(`DYN${hubs}`, 100);
  return login(`DYN${hubs}`);
});
row('login, dynamic hub, first client, 100 usual', knownLogin, memory.frontdoor);
const followLogin = await costOf(() => login('DYN1'));
row('login, dynamic hub, later client', followLogin, memory.frontdoor);

const staticRedeem = await costOf(() => redeem('OFFICE'));
row('ticket redeemed, static hub', staticRedeem, memory.agentApi);
const dynamicRedeem = await costOf(() => redeem('DYN1'));
row('ticket redeemed, dynamic hub', dynamicRedeem, memory.agentApi);

// In rotation, as the heartbeats of a cluster arrive: the list of peers is read once a second.
let turn = 0;
const idleBeat = await costOf(() => rig.measure(beatAll), memberCount);
row('heartbeat, nothing to tell', idleBeat, memory.agentApi);
const opened = await costOf(() => rig.measure(() => tell(10, 'opened')), 1);
row('  each session it tells to have opened', perChange(opened), memory.agentApi);
const closed = await costOf(() => rig.measure(() => tell(10, 'closed')), 1);
row('  each session it tells to have closed', perChange(closed), memory.agentApi);

let looks = plane.queue.take();
const look = await costOf(async () => {
  await beatAll();
  const [message, ...rest] = looks;
  if (message === undefined) throw new Error('no watch message is left');
  const cost = await rig.measure(() => rig.look(message.body));
  looks = [...rest, ...plane.queue.take()];
  return cost;
});
row("watchdog's look at a member", look, memory.watchdog);
const tick = await costOf(() => rig.measure(() => rig.tick()));
row("sweeper's look at them all, each minute", tick, memory.sweeper);

say(`${memberCount} members, ${callMs} ms for a call to the table, medians of ${repetitions}.`);
say(
  'RRU, WRU: read and write request units. ms: of the function. $: DynamoDB and Lambda, a million',
);
say('of them at list price in us-east-1.\n');
const titles = ['each', 'invocations', 'RRU', 'WRU', 'calls', 'ms', '$ a million'];
say(
  columns(
    titles,
    rows.map(([name, cost, gb]) => [
      name,
      whole(cost.invocations),
      whole(cost.readUnits),
      whole(cost.writeUnits),
      whole(cost.calls),
      cost.ms.toFixed(0),
      (dollarsOf(cost, gb) * 1e6).toFixed(2),
    ]),
  ),
);
printBill(
  {
    memberCount,
    memory,
    around,
    staticLogin,
    firstLogin: knownLogin,
    followLogin,
    staticRedeem,
    dynamicRedeem,
    idleBeat,
    opened: perChange(opened),
    closed: perChange(closed),
    look,
    tick,
  },
  say,
);

function row(name: string, cost: Cost, gb: number): void {
  rows.push([name, cost, gb]);
}

/** The median by time of several; `share`: of one of so many that were measured together. */
async function costOf(measured: () => Promise<Cost>, share = 1): Promise<Cost> {
  const costs: Cost[] = [];
  for (let count = 0; count < repetitions; count += 1) {
    plane.clock.advance(2_000);
    costs.push(await measured());
  }
  const middle = costs.sort((a, b) => a.ms - b.ms)[Math.floor(repetitions / 2)];
  if (middle === undefined) throw new Error('nothing was measured');
  const mean = (pick: (cost: Cost) => number): number =>
    costs.reduce((sum, cost) => sum + pick(cost), 0) / costs.length / share;
  return {
    invocations: mean((cost) => cost.invocations),
    readUnits: mean((cost) => cost.readUnits),
    writeUnits: mean((cost) => cost.writeUnits),
    calls: mean((cost) => cost.calls),
    ms: middle.ms / share,
    logBytes: mean((cost) => cost.logBytes),
    wireBytes: mean((cost) => cost.wireBytes),
  };
}

async function login(hub: string): Promise<Cost> {
  await beatAll();
  const hello = await rig.hello();
  return rig.measure(async () => {
    await rig.logIn(hello, wish(hub));
  });
}

async function redeem(hub: string): Promise<Cost> {
  await beatAll();
  const redirect = await rig.logIn(await rig.hello(), wish(hub));
  return rig.measure(async () => {
    await rig.redeem(rig.memberOf(redirect), redirect);
  });
}

/** Another client each time: one that came back at once would be a case of its own. */
function wish(hub: string): LoginWish {
  const changes = { uniqueId: plane.random.bytes(16) };
  if (hub.startsWith('DYN')) return { hub, user: 'guest', changes };
  users += 1;
  return { hub, user: `user${users % userCount}`, password: 'secret', changes };
}

/** A dynamic hub that was used before and was released. */
async function placedHub(name: string, usual: number | undefined): Promise<void> {
  await plane.createHub(name, 'dynamic');
  await plane.createUser(name, 'guest', undefined);
  const [host] = rig.members;
  if (host === undefined || usual === undefined) return;
  const { placements } = plane.stores;
  const member = { memberId: host.memberId, epoch: host.epoch };
  await placements.claim(hubName(name), undefined, member, plane.clock.nowMs());
  await placements.release(hubName(name), host.memberId, 1, usual);
}

async function beatAll(): Promise<void> {
  for (const member of rig.members) {
    plane.clock.advance(Math.round(2_000 / memberCount));
    await rig.beat(member);
  }
}

/** One heartbeat that tells of so many sessions. */
async function tell(count: number, what: 'opened' | 'closed'): Promise<void> {
  const [member] = rig.members;
  if (member === undefined) return;
  if (what === 'opened') turn += 1;
  const names = Array.from({ length: count }, (_, index) => `SID-USER1-${1_000 * turn + index}`);
  const reports: SessionReport[] = names.map((name) => ({
    ...sessionReport('OFFICE', name, 'user1'),
    clientName: 'SoftEther VPN Client Developer Edition',
    uniqueId: '07'.repeat(16),
    openedMs: plane.clock.nowMs(),
    explanation: 'x'.repeat(explanationCharsMax), // the longest there is
  }));
  if (what === 'opened') {
    await rig.beat(member, { opened: reports });
    return;
  }
  turn -= 1;
  await rig.beat(member, { closed: reports.map(({ hub, name }) => ({ hub, name })) });
}

function perChange(cost: Cost): Cost {
  const each = (value: number, idle: number): number => Math.max(0, value - idle) / 10;
  return {
    invocations: 0,
    readUnits: each(cost.readUnits, idleBeat.readUnits),
    writeUnits: each(cost.writeUnits, idleBeat.writeUnits),
    calls: each(cost.calls, idleBeat.calls),
    ms: each(cost.ms, idleBeat.ms),
    logBytes: each(cost.logBytes, idleBeat.logBytes),
    wireBytes: 0,
  };
}

function dollarsOf(cost: Cost, gb: number): number {
  return (
    cost.readUnits * prices.readUnit +
    cost.writeUnits * prices.writeUnit +
    cost.invocations * prices.invocation +
    (cost.ms / 1_000) * gb * prices.gbSecond
  );
}

function whole(value: number): string {
  return Number.isInteger(value) ? `${value}` : value.toFixed(2);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
