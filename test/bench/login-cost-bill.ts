import { columns } from './columns.ts';
import type { Cost } from './login-cost-rig.ts';
import { lcu, monthHours, nlcu, prices } from './prices.ts';

/** What was measured. */
export interface Measured {
  readonly memberCount: number;
  /** GB of memory of the functions. */
  readonly memory: Readonly<Record<'frontdoor' | 'agentApi' | 'watchdog' | 'sweeper', number>>;
  readonly around: Cost;
  readonly staticLogin: Cost;
  readonly firstLogin: Cost;
  readonly followLogin: Cost;
  readonly staticRedeem: Cost;
  readonly dynamicRedeem: Cost;
  readonly idleBeat: Cost;
  readonly opened: Cost;
  readonly closed: Cost;
  readonly look: Cost;
  readonly tick: Cost;
}

/** The organisation the bill is for. */
const users = 10_000;
const days = 22;
const hours = 8;
/** In the morning, and after a lost connection, a walk to another room. */
const loginsPerDay = 3;
/** Half of them on static hubs; dynamic hubs have so many users. */
const dynamicShare = 0.5;
const usersPerHub = 100;

const heartbeatsPerHour = 1_800;
/** A look is due a second after the lease, last renewed 1 s ago on average, would have ended. */
const looksPerHour = 3_600 / 8;
/** Lambda's own lines about an invocation: START, END, REPORT. */
const platformLogBytes = 350;
/** A message is sent, received and deleted. */
const requestsPerMessage = 3;
/** Queues that feed functions, and how often Lambda asks each of them in vain: 5 pollers, 20 s. */
const queues = 3;
const emptyReceivesPerHour = 5 * 180;
/** A share of invocations starts a process first; its start is paid for since August 2025. */
const coldShare = 0.01;
const coldMs = 600;
/** Elastic addresses of the front door; members have one each besides. */
const frontDoorAddresses = 2;
const secrets = 2;
const alarms = 10;
const diskGb = 8;

interface Line {
  readonly name: string;
  readonly dollars: number;
}

/** The month of {@link users}: what follows use, and what runs whether it is used or not. */
export function printBill(measured: Measured, say: (line: string) => void): void {
  const logins = users * days * loginsPerDay;
  const perUse = loginLines(measured, logins);
  const perMember = memberLines(measured);
  const clusterHours = measured.memberCount * monthHours;
  const running = perMember.map(({ name, dollars }) => ({ name, dollars: dollars * clusterHours }));
  const fixed = fixedLines(measured);

  say(`\nAn idle member-hour: ${heartbeatsPerHour} heartbeats and ${looksPerHour} looks, $:`);
  say(table([...perMember, total('an idle member-hour', perMember)], 6));
  say(`\n${users} users, ${hours} h on ${days} days, ${loginsPerDay} logins each a day, half of`);
  say(
    `them on dynamic hubs of ${usersPerHub}; ${measured.memberCount} members all month, $ a month:`,
  );
  const useTotal = total('= follows use (logins)', perUse);
  const runningTotal = total('= follows the number of members', running);
  const fixedTotal = total('= fixed: load balancers, addresses, EC2', fixed);
  const all = total('all', [...perUse, ...running, ...fixed]);
  say(table([...perUse, useTotal, ...running, runningTotal, ...fixed, fixedTotal, all], 2));
  const control = useTotal.dollars + runningTotal.dollars;
  say(`\nA login costs $${(useTotal.dollars / logins).toFixed(8)}, the control plane without load`);
  say(
    `balancers and EC2 $${control.toFixed(2)} a month. Traffic that leaves AWS ($0.09 a GB) is not`,
  );
  say('counted: it depends on what users do, and a genuine cluster on EC2 pays the same.');
}

function loginLines(measured: Measured, logins: number): Line[] {
  const { memory } = measured;
  const dynamic = logins * dynamicShare;
  const firsts = dynamic / usersPerHub / loginsPerDay;
  const frontdoor: readonly (readonly [Cost, number])[] = [
    [measured.around, logins],
    [measured.staticLogin, logins - dynamic],
    [measured.firstLogin, firsts],
    [measured.followLogin, dynamic - firsts],
  ];
  const agentApi: readonly (readonly [Cost, number])[] = [
    [measured.staticRedeem, logins - dynamic],
    [measured.dynamicRedeem, dynamic],
    [measured.opened, logins],
    [measured.closed, logins],
  ];
  const all = [...frontdoor, ...agentApi];
  const wireBytes = sum(all, (cost) => cost.wireBytes);
  const lcus = Math.max(logins / lcu.newConnections, wireBytes / lcu.bytes);
  const nlcus = Math.max(logins / nlcu.newConnections, wireBytes / nlcu.bytes);
  return [
    ...tableLines('logins', all),
    {
      name: 'logins: Lambda',
      dollars: lambda(frontdoor, memory.frontdoor) + lambda(agentApi, memory.agentApi),
    },
    { name: 'logins: logs', dollars: logs(all) },
    { name: 'logins: LCU, NLCU', dollars: lcus * prices.lcuHour + nlcus * prices.nlcuHour },
  ];
}

function memberLines({ idleBeat, look, memory }: Measured): Line[] {
  const beats = [[idleBeat, heartbeatsPerHour]] as const;
  const looks = [[look, looksPerHour]] as const;
  const all = [...beats, ...looks];
  return [
    ...tableLines('members', all),
    {
      name: 'members: Lambda',
      dollars: lambda(beats, memory.agentApi) + lambda(looks, memory.watchdog),
    },
    { name: 'members: logs', dollars: logs(all) },
    { name: 'members: SQS', dollars: looksPerHour * requestsPerMessage * prices.queueRequest },
  ];
}

function fixedLines({ memberCount, memory, tick }: Measured): Line[] {
  const ticks = [[tick, monthHours * 60]] as const;
  const polls = queues * emptyReceivesPerHour * monthHours + monthHours * 60 * requestsPerMessage;
  const sweeper = sum(ticks, units) + lambda(ticks, memory.sweeper) + logs(ticks);
  const addresses = frontDoorAddresses + memberCount;
  return [
    { name: 'fixed: sweeper, empty queues', dollars: sweeper + polls * prices.queueRequest },
    {
      name: 'fixed: secrets, alarms',
      dollars: secrets * prices.secretMonth + alarms * prices.alarmMonth,
    },
    { name: 'fixed: ALB and NLB', dollars: 2 * prices.loadBalancerHour * monthHours },
    { name: 'fixed: public IPv4', dollars: addresses * prices.publicAddressHour * monthHours },
    {
      name: `fixed: EC2 (${memberCount} x c7gn.medium, disks)`,
      dollars: memberCount * (prices.memberHour * monthHours + diskGb * prices.diskGbMonth),
    },
  ];
}

type Counted = readonly (readonly [Cost, number])[];

function tableLines(name: string, counted: Counted): Line[] {
  const reads = sum(counted, (cost) => cost.readUnits);
  const writes = sum(counted, (cost) => cost.writeUnits);
  return [
    { name: `${name}: DynamoDB reads`, dollars: reads * prices.readUnit },
    { name: `${name}: DynamoDB writes`, dollars: writes * prices.writeUnit },
  ];
}

function units(cost: Cost): number {
  return cost.readUnits * prices.readUnit + cost.writeUnits * prices.writeUnit;
}

function lambda(counted: Counted, gb: number): number {
  const invocations = sum(counted, (cost) => cost.invocations);
  const ms = sum(counted, (cost) => cost.ms) + invocations * coldShare * coldMs;
  return invocations * prices.invocation + (ms / 1_000) * gb * prices.gbSecond;
}

function logs(counted: Counted): number {
  const bytes = sum(counted, (cost) => cost.logBytes + cost.invocations * platformLogBytes);
  return (bytes / 1024 ** 3) * prices.logGb;
}

function sum(counted: Counted, pick: (cost: Cost) => number): number {
  return counted.reduce((total, [cost, count]) => total + pick(cost) * count, 0);
}

function total(name: string, lines: readonly Line[]): Line {
  return { name, dollars: lines.reduce((dollars, line) => dollars + line.dollars, 0) };
}

function table(lines: readonly Line[], digits: number): string {
  return columns(
    ['', '$'],
    lines.map(({ name, dollars }) => [name, dollars.toFixed(digits)]),
  );
}
