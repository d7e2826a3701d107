import type { Table } from '#functions/store/table.ts';
import type { Desired, Observed } from '#shared/contract/heartbeat.ts';
import type { JoinResponse } from '#shared/contract/member.ts';
import type { WitnessEndpoint } from '#shared/contract/peers.ts';
import { type MachineId, machineId, memberIdOn } from '#shared/kernel/ids.ts';
import { MemoryTable } from '#test/support/memory-table.ts';
import { Administrator } from './administrator.ts';
import { ControlPlane } from './control-plane.ts';
import type { TableWrite } from './faulty-table.ts';
import { Invariants } from './invariants.ts';
import { LinkEnd } from './link.ts';
import { Network } from './network.ts';
import type { SimOptions } from './options.ts';
import { Seeded } from './seeded.ts';
import { SimClient } from './sim-client.ts';
import { SimGroup } from './sim-group.ts';
import { SimMember } from './sim-member.ts';
import { type ClockFault, epochMs, type SimProcess } from './sim-process.ts';
import { Trace } from './trace.ts';
import { VirtualTime } from './virtual-time.ts';

/** Faults put in on purpose, around production code, to see whether the invariants notice. */
export interface Plants {
  /** Wraps the store's engine: conditions can be ignored, writes repeated. */
  readonly engine?: (table: Table) => Table;
  /** Changes what a member is told when it joins. */
  readonly alterJoin?: (answer: JoinResponse) => JoinResponse;
  /** Changes what a member is told in answer to a heartbeat. */
  readonly alterDesired?: (answer: Desired) => Desired;
  /** Changes what a heartbeat said, knowing what is stored of its member. */
  readonly alterHeartbeat?: (
    observed: Observed,
    stored: { readonly epoch: number; readonly seq: number } | undefined,
  ) => Observed;
}

export interface WorldOptions {
  readonly options: SimOptions;
  readonly plants?: Plants;
  readonly print?: (line: string) => void;
}

/** Hubs and users are written one after the other. */
const setUpMsMax = 5_000;
const dialDeadlineMs = 10_000;
/** Of a machine's members, in their order. */
const memberPorts = [443, 992] as const;
/** A segment that opens a connection is sent again after these, then no more. */
const resendMs = [0, 500, 1_500, 3_500] as const;

/** Members, clients, control plane and the network between them, in one virtual time. */
export class World {
  readonly options: SimOptions;
  readonly time = new VirtualTime();
  readonly trace: Trace;
  readonly random: Seeded;
  readonly network: Network;
  readonly table = new MemoryTable();
  readonly controlPlane: ControlPlane;
  readonly group: SimGroup;
  readonly members: SimMember[] = [];
  readonly clients: SimClient[] = [];
  readonly hubs: readonly { readonly name: string; readonly kind: 'static' | 'dynamic' }[];
  readonly invariants: Invariants;
  readonly administrator: Administrator;
  /** No more accidents: everything that is down comes up. */
  healed = false;
  #machinesEver = 0;

  constructor({ options, plants, print }: WorldOptions) {
    this.options = options;
    this.trace = new Trace(() => this.time.nowMs, print);
    this.random = new Seeded(options.seed, 'world');
    const random = this.random;
    this.network = new Network(this.time, random.stream('network'), options.network);
    this.invariants = new Invariants(this);
    this.administrator = new Administrator(this);
    this.group = new SimGroup({
      time: this.time,
      membersOn: (machine) => this.membersOn(machine),
      die: (machine) => this.die(machine),
      tell: (event) => this.controlPlane.lifecycleQueue.send(event, 0),
      replace: () => this.replace(),
      onCompleted: (machine) => this.invariants.onHookCompleted(machine),
    });
    this.controlPlane = new ControlPlane({
      group: this.group,
      time: this.time,
      random: random.stream('control-plane'),
      options,
      engine: plants?.engine?.(this.table) ?? this.table,
      note: (who, what) => this.note(who, what),
      onWrite: (write) => this.#onWrite(write),
      alterJoin: plants?.alterJoin ?? ((answer) => answer),
      alterDesired: plants?.alterDesired ?? ((answer) => answer),
      alterHeartbeat: (member, observed) =>
        plants?.alterHeartbeat?.(observed, this.#storedOf(member)) ?? observed,
    });
    this.hubs = [
      ...numbered(options.dynamicHubs).map((i) => ({ name: `dyn-${i}`, kind: 'dynamic' as const })),
      ...numbered(options.staticHubs).map((i) => ({ name: `fix-${i}`, kind: 'static' as const })),
    ];
  }

  note(who: string, what: string): void {
    this.trace.note(who, what);
  }

  /** Hubs, users, members and clients; nobody has done anything yet. */
  async setUp(): Promise<void> {
    let isDone = false;
    void this.administrator.setUp().then(() => {
      isDone = true;
    });
    await this.time.run(setUpMsMax, () => isDone);
    this.controlPlane.startTicks();
    for (const _ of numbered(this.options.machines)) this.addMachine();
    for (const i of numbered(this.options.clients)) this.addClient(i);
  }

  /** The limit of a hub; 0: none. */
  seatsOf(hub: string): number {
    if (!this.options.limited) return 0;
    const clients = numbered(this.options.clients).filter((i) => this.#hubOf(i) === hub);
    return Math.max(1, clients.length);
  }

  #hubOf(client: number): string {
    return this.random.stream(`hub-of/${client}`).pick(this.hubs)?.name ?? '';
  }

  /** Machines that ever were. */
  get machines(): number {
    return this.#machinesEver;
  }

  membersOn(machine: string): readonly SimMember[] {
    return this.members.filter((member) => member.machine === machine);
  }

  /** A machine ends, and all that runs on it. */
  die(machine: string): void {
    for (const member of this.membersOn(machine)) member.die();
  }

  memberAt({ address, port }: WitnessEndpoint): SimMember | undefined {
    return this.members.find(
      ({ endpoint }) => endpoint.address === address && endpoint.port === port,
    );
  }

  /** The members of one more machine. */
  addMachine(): readonly SimMember[] {
    this.#machinesEver += 1;
    const machine = machineId(`i-${this.#machinesEver}`);
    const random = this.random.stream(`machine/${this.#machinesEver}`);
    const { driftMax, processes } = this.options;
    const clockFault = {
      offsetMs: Math.floor(random.between(-3_600_000, 3_600_000)),
      drift: random.between(-driftMax, driftMax),
    };
    const address = `10.0.0.${this.#machinesEver}`;
    const added = numbered(processes).map((number) =>
      this.#addMember(machine, number - 1, address, clockFault, random),
    );
    this.members.push(...added);
    return added;
  }

  /** One more machine; its first member. */
  addMember(): SimMember {
    const [member] = this.addMachine();
    if (member === undefined) throw new Error('a machine has a member');
    return member;
  }

  #addMember(
    machine: MachineId,
    process: number,
    address: string,
    clockFault: ClockFault,
    random: Seeded,
  ): SimMember {
    const { capacity, processes } = this.options;
    const member = new SimMember({
      name: memberIdOn(machine, process),
      machine,
      processes,
      address,
      port: memberPorts[process] ?? 0,
      capacity,
      clockFault,
      time: this.time,
      network: this.network,
      random,
      controlPlane: this.controlPlane,
      note: (who, what) => this.note(who, what),
      onSessionClosed: (hub, reason) => this.invariants.onSessionClosed(member, hub, reason),
      memberAt: (endpoint) => this.memberAt(endpoint),
      onExit: () => {
        this.time.after(random.between(1_000, 8_000), () => member.start());
      },
    });
    return member;
  }

  /** A machine takes the place of one that went. */
  replace(): void {
    const delayMs = this.random.stream(`replace/${this.#machinesEver}`).between(1_000, 20_000);
    this.time.after(delayMs, () => {
      for (const member of this.addMachine()) member.start();
    });
  }

  addClient(number: number): SimClient {
    const { random, time, network, options } = this;
    const hub = this.#hubOf(number);
    const client = new SimClient(`client-${number}`, number, hub, {
      time,
      network,
      random,
      naughtyRate: options.naughtyRate,
      isHealed: () => this.healed,
      note: (who, what) => this.note(who, what),
      frontDoor: (body, address) => this.controlPlane.login(body, address),
      dial: (process, endpoint, onCertificate) => this.#dial(process, endpoint, onCertificate),
      onRedirect: (redirect) => this.invariants.onRedirect(redirect),
      onNaughty: (what, answered) => this.invariants.onNaughty(what, answered),
      onWelcome: (ticket, session) => this.invariants.onWelcome(ticket, session),
      onFrame: (to, frame) => this.invariants.onFrame(to, frame),
    });
    this.clients.push(client);
    return client;
  }

  /** Everybody begins, over the first seconds. */
  start(): void {
    const random = this.random.stream('start');
    for (const member of this.members) {
      this.time.after(random.between(0, 3_000), () => member.start());
    }
    for (const client of this.clients) {
      this.time.after(random.between(0, 10_000), () => client.start());
    }
  }

  beginDrain(member: SimMember): Promise<void> {
    return this.administrator.beginDrain(member.name);
  }

  /** Cut or mend what lies between two machines. */
  setCut(one: string, other: string, ways: 'both' | 'there' | 'back', cut: boolean): void {
    const set = (from: string, to: string): void => {
      if (cut) this.network.cut(from, to);
      else this.network.mend(from, to);
    };
    if (ways !== 'back') set(one, other);
    if (ways !== 'there') set(other, one);
    this.note('network', `${cut ? 'cuts' : 'mends'} ${one} ${other}: ${ways}`);
  }

  /** The control plane's wall clock, if it were exact. */
  get controlNowMs(): number {
    return epochMs + this.time.nowMs;
  }

  /** The end of all accidents. Clients that have waited for long go on waiting. */
  async heal(): Promise<void> {
    this.note('world', 'heals');
    this.healed = true;
    this.network.heal();
    this.controlPlane.heal();
    for (const member of this.members) {
      member.running?.process.goOn();
      this.time.after(1_000, () => member.start());
    }
    for (const client of this.clients) if (client.isAway) client.start();
    for (const { name } of this.hubs) {
      void this.administrator.createHub(name).then(() => this.administrator.setOnline(name, true));
    }
  }

  #storedOf(member: string): { readonly epoch: number; readonly seq: number } | undefined {
    const item = this.invariants.items('STATE').find((one) => one['memberId'] === member);
    return item && { epoch: Number(item['epoch']), seq: Number(item['seq']) };
  }

  #onWrite(write: TableWrite): void {
    const { key, after, invocation } = write;
    // A heartbeat's own write is what happens most, and says least.
    if (key.sk !== 'STATE' || invocation.purpose.kind !== 'heartbeat') {
      const what = after === undefined ? 'deletes' : 'writes';
      this.note(`λ${invocation.id}`, `${invocation.purpose.kind}: ${what} ${key.pk} ${key.sk}`);
    }
    this.invariants.onWrite(write);
  }

  #dial(
    client: SimProcess,
    endpoint: WitnessEndpoint,
    onCertificate: (certificate: Buffer) => void,
  ): Promise<LinkEnd | undefined> {
    const member = this.memberAt(endpoint);
    const end = new LinkEnd(client, this.time, this.network);
    return new Promise((resolve) => {
      let settled = false;
      const settle = (outcome: LinkEnd | undefined): void => {
        if (settled) return;
        settled = true;
        cancel();
        if (outcome === undefined) end.end();
        resolve(outcome);
      };
      const cancel = client.timers.after(dialDeadlineMs, () => settle(undefined));
      if (member === undefined) return;
      this.#reliably(client.name, member.name, () => {
        if (settled || member.isGone) return;
        const accepted = member.accept(end, client.name, (certificate) => {
          this.#reliably(member.name, client.name, () =>
            client.run(() => {
              onCertificate(certificate);
              settle(end);
            }),
          );
        });
        if (accepted) return;
        this.network.send(member.name, client.name, () => client.run(() => settle(undefined)));
      });
    });
  }

  /** At least a few times, delivered once at most. */
  #reliably(from: string, to: string, deliver: () => void): void {
    let delivered = false;
    for (const delayMs of resendMs) {
      this.time.after(delayMs, () => {
        if (delivered) return;
        this.network.send(from, to, () => {
          if (delivered) return;
          delivered = true;
          deliver();
        });
      });
    }
  }
}

function numbered(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}
