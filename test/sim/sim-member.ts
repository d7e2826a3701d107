import { Agent } from '#node-agent/agent.ts';
import type { AgentApi, Answer } from '#node-agent/control/agent-api.ts';
import type { ControlHost } from '#node-agent/control/control-host.ts';
import type { OpenWitnessWire } from '#node-agent/control/witness-wire.ts';
import { type Desired, desiredSchema } from '#shared/contract/heartbeat.ts';
import { type JoinResponse, joinResponseSchema } from '#shared/contract/member.ts';
import type { WitnessEndpoint } from '#shared/contract/peers.ts';
import { type Grant, grantSchema } from '#shared/contract/ticket.ts';
import type { Fields, Log } from '#shared/kernel/log.ts';
import type { AgentAnswer, ControlPlane, Ending } from './control-plane.ts';
import { LinkEnd } from './link.ts';
import type { Network } from './network.ts';
import type { Seeded } from './seeded.ts';
import { startSimControl } from './sim-control.ts';
import { SimListener } from './sim-listener.ts';
import { type ClockFault, SimProcess } from './sim-process.ts';
import type { VirtualTime } from './virtual-time.ts';

/** The agent API's name on the network. */
export const agentApiName = 'agent-api';

interface Socket {
  readonly process: SimProcess;
  readonly received: Parameters<OpenWitnessWire>[0];
}

export interface SimMemberParts {
  readonly name: string;
  readonly machine: string;
  /** So many members run there. */
  readonly processes: number;
  readonly address: string;
  readonly port: number;
  readonly capacity: number;
  readonly clockFault: ClockFault;
  readonly time: VirtualTime;
  readonly network: Network;
  readonly random: Seeded;
  readonly controlPlane: ControlPlane;
  readonly note: (who: string, what: string) => void;
  readonly onSessionClosed: (hub: string, reason: string) => void;
  /** Whoever is at an address and port. */
  readonly memberAt: (endpoint: WitnessEndpoint) => SimMember | undefined;
  /** The process has ended by itself, as a drained one does. */
  readonly onExit: () => void;
}

/** What runs on a member's machine now. */
export interface RunningAgent {
  readonly generation: number;
  readonly process: SimProcess;
  readonly agent: Agent;
  readonly control: ControlHost;
  readonly startedMs: number;
  readonly listener: SimListener;
  /** What it presents; drawn anew with each process. */
  readonly certificate: Buffer;
}

/** A core of a machine, on which the whole production agent runs, process after process. */
export class SimMember {
  readonly name: string;
  readonly machine: string;
  readonly endpoint: WitnessEndpoint;
  readonly #parts: SimMemberParts;
  #running: RunningAgent | undefined;
  #generation = 0;
  #socket: Socket | undefined;
  #isGone = false;

  constructor(parts: SimMemberParts) {
    this.name = parts.name;
    this.machine = parts.machine;
    this.endpoint = { address: parts.address, port: parts.port };
    this.#parts = parts;
  }

  get running(): RunningAgent | undefined {
    return this.#running;
  }

  /** The machine is gone and nobody answers at its address. */
  get isGone(): boolean {
    return this.#isGone;
  }

  start(): void {
    if (this.#running !== undefined || this.#isGone) return;
    const { name, time, clockFault } = this.#parts;
    this.#generation += 1;
    const generation = this.#generation;
    const process = new SimProcess(name, time, clockFault);
    const random = this.#parts.random.stream(`${name}/${generation}`);
    const certificate = random.bytes(60);
    let listener: SimListener | undefined;
    const thread = process.thread();
    const { host, ...control } = startSimControl(process, thread, time, random.stream('threads'), {
      api: this.#api(thread),
      random,
      log: this.#log(),
      openWitness: this.#witnessWire(thread),
    });
    const agent = new Agent({
      config: {
        capacity: this.#parts.capacity,
        weight: 100,
        listen: { address: '0.0.0.0', port: this.endpoint.port },
        processes: this.#parts.processes,
      },
      publicAddress: this.endpoint.address,
      certificate: { certDer: certificate, certPem: '', keyPem: '' },
      agentVersion: `sim/${generation}`,
      api: this.#api(process),
      clock: process.clock,
      timers: process.timers,
      random,
      atEndOfTurn: (action) => {
        time.after(0, () => process.run(action));
      },
      log: this.#log(),
      onStopped: () => {
        this.kill();
        this.#parts.onExit();
      },
      createListener: (options) => {
        listener = new SimListener(options, (what) => this.#note(what));
        return listener;
      },
      ...control,
    });
    if (listener === undefined) throw new Error('an agent makes its listener at once');
    this.#running = {
      generation,
      process,
      agent,
      control: host,
      startedMs: time.nowMs,
      listener,
      certificate,
    };
    this.#note(`process ${generation} starts`);
    void agent.start();
  }

  /** The process ends; its system closes its sockets. */
  kill(): void {
    const running = this.#running;
    if (running === undefined) return;
    this.#note('process ends');
    this.#running = undefined;
    running.process.kill();
    for (const end of running.listener.ends) end.end();
  }

  /** Of its machine's end: silence. See `World.die`. */
  die(): void {
    this.#isGone = true;
    const running = this.#running;
    this.#note('machine dies');
    this.#running = undefined;
    running?.process.kill();
    for (const end of running?.listener.ends ?? []) end.silence();
  }

  /** A client's TCP connection and TLS handshake: accepted, refused, or nothing at all. */
  accept(client: LinkEnd, address: string, presented: (certificate: Buffer) => void): boolean {
    const running = this.#running;
    if (running === undefined || !running.listener.isOpen) return false;
    running.process.run(() => {
      const end = new LinkEnd(running.process, this.#parts.time, this.#parts.network);
      end.peer = client;
      client.peer = end;
      presented(running.certificate);
      running.listener.accept(end, address);
    });
    return true;
  }

  /** Datagrams to whatever process runs at an address when they arrive. */
  #witnessWire(process: SimProcess): OpenWitnessWire {
    const { network, memberAt, name } = this.#parts;
    const { endpoint } = this;
    return async (received) => {
      const socket = { process, received };
      this.#socket = socket;
      return {
        endpoint,
        send: (bytes, target) => {
          const to = memberAt(target);
          if (to === undefined || process.isDead) return;
          network.send(name, to.name, () => to.#receive(bytes, endpoint));
        },
        close: () => {
          if (this.#socket === socket) this.#socket = undefined;
        },
      };
    };
  }

  #receive(bytes: Buffer, from: WitnessEndpoint): void {
    const socket = this.#socket;
    if (socket === undefined || this.#isGone) return;
    socket.process.run(() => socket.received(bytes, from));
  }

  #api(process: SimProcess): AgentApi {
    const { network, controlPlane, name } = this.#parts;
    const ask = async <T>(
      route: 'join' | 'heartbeat' | 'redeem',
      body: object,
      deadlineMs: number,
      parse: (value: unknown) => T,
    ): Promise<Answer<T>> => {
      const json = JSON.stringify(body);
      const ending = await network.ask<Ending<AgentAnswer>>(
        process,
        name,
        agentApiName,
        deadlineMs,
        () => controlPlane.agentApi(route, name, json),
      );
      if (ending === undefined) return { kind: 'unreachable', detail: 'no answer in time' };
      if (ending.kind === 'failed') return { kind: 'unreachable', detail: 'HTTP 502' };
      const answer = ending.value;
      return answer.kind === 'ok' ? { kind: 'ok', value: parse(answer.value) } : answer;
    };
    return {
      join: (body, deadlineMs) =>
        ask<JoinResponse>('join', body, deadlineMs, (it) => joinResponseSchema.parse(it)),
      heartbeat: (body, deadlineMs) =>
        ask<Desired>('heartbeat', body, deadlineMs, (it) => desiredSchema.parse(it)),
      redeem: (body, deadlineMs) =>
        ask<Grant>('redeem', body, deadlineMs, (it) => grantSchema.parse(it)),
    };
  }

  #log(): Log {
    const note = (event: string, fields?: Fields): void => {
      this.#note(`${event} ${JSON.stringify(fields ?? {})}`);
      if (event !== 'session.closed') return;
      this.#parts.onSessionClosed(String(fields?.['hub']), String(fields?.['reason']));
    };
    return { info: note, warn: note, error: note };
  }

  #note(what: string): void {
    this.#parts.note(this.name, what);
  }
}
