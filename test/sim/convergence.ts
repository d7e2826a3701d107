import type { Item } from '#functions/store/table.ts';
import { nameKey } from '#shared/kernel/ids.ts';
import { seatsIn } from './counting.ts';
import type { RunningAgent, SimMember } from './sim-member.ts';
import type { World } from './world.ts';

/** What two clocks of the control plane may differ by. */
const sameTimeMs = 2_000;
/** All of this must hold this long after the last accident, at one moment. */
export const convergeMs = 200_000;

/** What is still missing after everything was healed; undefined if nothing is. */
export function missing(world: World): string | undefined {
  for (const one of [
    clientsAreConnected,
    membersAreActive,
    sessionsAreListed,
    sessionsAreSeated,
    hubsAreAsConfigured,
    theDisconnectedAreGone,
    nothingLeaks,
  ]) {
    const reason = one(world);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

function clientsAreConnected(world: World): string | undefined {
  for (const client of world.clients) {
    if (client.session === undefined) {
      return `${client.name} (${client.hub}) has no session: ${client.trouble}`;
    }
    if (client.session.connections === 0) return `${client.name} has no connection`;
  }
  return undefined;
}

function membersAreActive(world: World): string | undefined {
  for (const member of world.members) {
    if (member.isGone) continue;
    const { running } = member;
    if (running === undefined) return `${member.name} is not running`;
    const item = stateOf(world, member);
    if (item?.['state'] !== 'active' || item['epoch'] !== running.agent.status.epoch) {
      return `${member.name} is ${String(item?.['state'])} at ${String(item?.['epoch'])}`;
    }
    if (Number(item['leaseExpiresMs']) <= world.controlNowMs) return `${member.name} has no lease`;
    if (running.agent.pendingReports > 0) return `${member.name} has reports to make`;
  }
  return undefined;
}

/** Every session that runs is listed, and every listed one of a live member runs. */
function sessionsAreListed(world: World): string | undefined {
  const listed = new Set<string>();
  for (const item of world.invariants.sessions) {
    const member = world.members.find(({ name }) => name === item['memberId']);
    const state = member && stateOf(world, member);
    const isDead =
      state?.['epoch'] !== item['memberEpoch'] ||
      Number(state?.['leaseExpiresMs']) <= world.controlNowMs;
    if (!isDead) listed.add(`${item['memberId']} ${nameKey(String(item['name']))}`);
  }
  for (const { member, running } of runningMembers(world)) {
    for (const hub of running.agent.running) {
      for (const session of hub.sessions.keys()) {
        if (!listed.delete(`${member.name} ${session}`)) return `${session} is not listed`;
      }
    }
  }
  const [ghost] = listed;
  return ghost === undefined ? undefined : `${ghost} is listed and does not exist`;
}

/** Every session that runs under a limit is counted. */
function sessionsAreSeated(world: World): string | undefined {
  const shards = world.invariants.items('SEATS#');
  for (const { running } of runningMembers(world)) {
    for (const { config, sessions } of running.agent.running) {
      if (world.seatsOf(config.name) === 0) continue;
      const ofHub = shards.filter(({ pk }) => pk === `HUB#${nameKey(config.name)}`);
      for (const name of sessions.keys()) {
        const seats = ofHub.flatMap(seatsIn).filter(({ session }) => session === nameKey(name));
        if (seats.length !== 2) return `${name} has ${seats.length} seats`;
      }
    }
  }
  return undefined;
}

/** What serves a hub knows it as it is, and nobody is there who came before it was created. */
function hubsAreAsConfigured(world: World): string | undefined {
  const hubs = world.invariants.items('CONFIG');
  for (const { member, running } of runningMembers(world)) {
    for (const { config, sessions } of running.agent.running) {
      const stored = hubs.find(({ pk }) => pk === `HUB#${nameKey(config.name)}`);
      if (stored?.['version'] !== config.version) {
        return `${member.name} serves ${config.name} as of version ${config.version}`;
      }
      for (const item of world.invariants.sessions) {
        const isOlder = Number(item['issuedMs']) + sameTimeMs < Number(stored['createdMs']);
        if (item.pk === stored.pk && isOlder && sessions.has(nameKey(String(item['name'])))) {
          return `${String(item['name'])} is older than ${config.name}`;
        }
      }
    }
  }
  return undefined;
}

function theDisconnectedAreGone(world: World): string | undefined {
  for (const { member, running } of runningMembers(world)) {
    for (const { sessions } of running.agent.running) {
      for (const { name } of sessions.values()) {
        const { disconnected } = world.administrator;
        if (disconnected.has(`${member.name} ${name}`)) return `${name} was to be disconnected`;
      }
    }
  }
  return undefined;
}

function nothingLeaks(world: World): string | undefined {
  for (const { member, running } of runningMembers(world)) {
    const item = stateOf(world, member);
    const { sessions } = running.agent.status;
    if (Number(item?.['reserved']) !== 0) return `${member.name} has reservations`;
    const free = Number(item?.['capacity']) - sessions;
    if (Number(item?.['headroom']) !== free) return `${member.name} has lost headroom`;
    const orders = (item?.['orders'] ?? []) as readonly unknown[];
    if (orders.length > 0) return `${member.name} has orders`;
    for (const hub of running.agent.running) {
      const placement = placementOf(world, hub.config.name);
      if (hub.config.kind === 'static' || hub.sessions.size === 0) continue;
      if (placement?.['memberId'] !== member.name || placement['epoch'] !== hub.epoch) {
        return `${member.name} serves ${hub.config.name} at ${hub.epoch}, placed elsewhere`;
      }
    }
  }
  return undefined;
}

function runningMembers(world: World): { member: SimMember; running: RunningAgent }[] {
  return world.members.flatMap((member) =>
    member.running === undefined ? [] : [{ member, running: member.running }],
  );
}

function stateOf(world: World, member: SimMember): Item | undefined {
  return world.invariants.items('STATE').find((item) => item['memberId'] === member.name);
}

function placementOf(world: World, hub: string): Item | undefined {
  const pk = `HUB#${nameKey(hub)}`;
  return world.invariants.items('PLACEMENT').find((item) => item.pk === pk);
}
