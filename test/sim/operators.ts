import { timing } from '#shared/contract/timing.ts';
import type { Mishap } from './options.ts';
import type { Seeded } from './seeded.ts';
import { frontDoorName, type SimClient } from './sim-client.ts';
import { agentApiName, type SimMember } from './sim-member.ts';
import type { World } from './world.ts';

/** Machines that may be added over a run, so that the dead can be replaced. */
const machinesMax = 12;
/** A partition, a freeze, an outage: some are short, some outlast every lease. */
const shortMs = 1_000;
const longMs = 30_000;
/** An idle hub is released after a minute, and what is left of its sessions times out before. */
const emptyMsMin = 62_000;

/** Accidents, drawn from the seed, until the world is healed. */
export class Operators {
  readonly #world: World;
  readonly #random: Seeded;

  constructor(world: World) {
    this.#world = world;
    this.#random = world.random.stream('operators');
  }

  start(): void {
    this.#next();
  }

  #next(): void {
    const { options, time } = this.#world;
    time.after(this.#random.exponential(options.mishapEveryMs), () => {
      if (this.#world.healed) return;
      this.#happen(this.#random.weighted(options.mishaps));
      this.#next();
    });
  }

  #happen(mishap: Mishap): void {
    const member = this.#random.pick(this.#world.members.filter(({ running }) => running));
    const client = this.#random.pick(this.#world.clients);
    const hub = this.#random.pick(this.#world.hubs);
    const lastsMs = this.#drawDurationMs();
    if (member === undefined || client === undefined || hub === undefined) return;
    this.#world.note('mishap', `${mishap} ${member.name} ${client.name} ${Math.round(lastsMs)} ms`);
    switch (mishap) {
      case 'kill':
        this.#kill(member, 1_000);
        break;
      case 'kill-slow':
        this.#kill(member, lastsMs);
        break;
      case 'die':
        this.#die(member);
        break;
      case 'freeze':
        this.#freeze(member, lastsMs);
        break;
      case 'stall':
        this.#stall(member, lastsMs / 4);
        break;
      case 'sigterm':
        this.#sigterm(member);
        break;
      case 'drain':
        void this.#world.beginDrain(member);
        break;
      case 'scale-in':
        if (this.#mayReplace()) this.#world.group.scaleIn(member);
        break;
      case 'interrupt':
        if (this.#mayReplace()) this.#world.group.interrupt(member);
        break;
      case 'isolate':
        this.#cutOff(member, 'both', lastsMs);
        this.#comeBackAbout(member, lastsMs);
        break;
      case 'mute':
        this.#cutOff(member, 'there', lastsMs);
        this.#comeBackAbout(member, lastsMs);
        break;
      case 'deafen':
        this.#cutOff(member, 'back', lastsMs);
        break;
      case 'part':
        this.#part(member, lastsMs);
        break;
      case 'cut-client':
        this.#cutClient(client.name, member.name, lastsMs);
        break;
      case 'hub-offline':
        void this.#world.administrator.setOnline(hub.name, false);
        this.#later(lastsMs, () => void this.#world.administrator.setOnline(hub.name, true));
        break;
      case 'hub-remove':
        void this.#world.administrator.removeHub(hub.name);
        this.#later(lastsMs, () => void this.#world.administrator.createHub(hub.name));
        break;
      case 'disconnect':
        this.#disconnect();
        break;
      case 'outage':
        this.#world.controlPlane.away = true;
        this.#later(this.#outageMs(lastsMs), () => {
          this.#world.controlPlane.away = false;
        });
        break;
      case 'store-outage':
        this.#world.controlPlane.server.away = true;
        this.#later(this.#outageMs(lastsMs), () => {
          this.#world.controlPlane.server.away = false;
        });
        break;
      case 'empty':
        this.#empty(hub.name, lastsMs + emptyMsMin);
        break;
      case 'leave':
        this.#leave(client, lastsMs);
        break;
    }
  }

  #kill(member: SimMember, restartMs: number): void {
    member.kill();
    this.#later(restartMs, () => member.start());
  }

  #die(member: SimMember): void {
    if (!this.#mayReplace()) return;
    this.#world.die(member.machine);
    this.#world.replace();
  }

  #mayReplace(): boolean {
    return this.#world.machines < machinesMax;
  }

  #freeze(member: SimMember, lastsMs: number): void {
    for (const { running } of this.#orAllOf(member)) {
      running?.process.stop();
      this.#later(lastsMs, () => running?.process.goOn());
    }
  }

  /** What befalls a member befalls its whole machine, mostly. */
  #orAllOf(member: SimMember): readonly SimMember[] {
    const all = this.#world.membersOn(member.machine);
    return all.length > 1 && this.#random.chance(0.7) ? all : [member];
  }

  #stall(member: SimMember, lastsMs: number): void {
    const process = member.running?.process;
    process?.stall();
    this.#later(lastsMs, () => process?.goOn());
  }

  #sigterm(member: SimMember): void {
    const { running } = member;
    if (running === undefined) return;
    this.#world.invariants.noteDraining(running);
    running.process.run(() => void running.agent.drain('SIGTERM'));
  }

  #disconnect(): void {
    const session = this.#random.pick(this.#world.invariants.sessions);
    if (session === undefined) return;
    const { hub, name } = session;
    void this.#world.administrator.disconnect(String(hub), String(name));
  }

  /** Somebody logs in to a hub of that member's when others may have it. */
  #comeBackAbout(member: SimMember, lastsMs: number): void {
    const hubs = member.running?.agent.running.filter(({ config }) => config.kind === 'dynamic');
    const hub = this.#random.pick(hubs ?? [])?.config.name;
    const client = this.#random.pick(this.#world.clients.filter((one) => one.hub === hub));
    const whenMs = this.#random.between(timing.leaseTtlMs, 2 * timing.leaseTtlMs);
    if (client === undefined || whenMs > lastsMs) return;
    this.#later(whenMs, () => this.#leave(client, shortMs));
  }

  #empty(hub: string, lastsMs: number): void {
    for (const client of this.#world.clients) if (client.hub === hub) this.#leave(client, lastsMs);
  }

  #leave(client: SimClient, lastsMs: number): void {
    if (client.isAway) return;
    client.leave();
    this.#later(lastsMs, () => {
      if (client.isAway) client.start();
    });
  }

  #cutClient(client: string, member: string, lastsMs: number): void {
    const ways = this.#random.pick(['both', 'there', 'back'] as const) ?? 'both';
    const other = this.#random.chance(0.3) ? frontDoorName : member;
    this.#cut(client, other, ways, lastsMs);
  }

  #part(member: SimMember, lastsMs: number): void {
    const elsewhere = this.#world.members.filter(({ machine }) => machine !== member.machine);
    const other = this.#random.pick(elsewhere);
    const ways = this.#random.pick(['both', 'there', 'back'] as const) ?? 'both';
    if (other === undefined) return;
    const others = this.#orAllOf(other);
    for (const one of this.#orAllOf(member)) {
      for (const { name } of others) this.#cut(one.name, name, ways, lastsMs);
    }
  }

  #cutOff(member: SimMember, ways: 'both' | 'there' | 'back', lastsMs: number): void {
    for (const { name } of this.#orAllOf(member)) this.#cut(name, agentApiName, ways, lastsMs);
  }

  #cut(one: string, other: string, ways: 'both' | 'there' | 'back', lastsMs: number): void {
    this.#world.setCut(one, other, ways, true);
    this.#later(lastsMs, () => this.#world.setCut(one, other, ways, false));
  }

  #drawDurationMs(): number {
    return this.#random.chance(0.5)
      ? this.#random.between(shortMs, longMs / 3)
      : this.#random.between(longMs / 3, longMs);
  }

  /** Some outages last for minutes. */
  #outageMs(lastsMs: number): number {
    return this.#random.chance(0.3) ? 5 * lastsMs : lastsMs;
  }

  #later(delayMs: number, action: () => void): void {
    this.#world.time.after(delayMs, () => {
      if (!this.#world.healed) action();
    });
  }
}
