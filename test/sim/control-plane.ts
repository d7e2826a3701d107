import type { z } from 'zod';
import type { AgentApi as AgentApiParts } from '#functions/agent-api/agent-api.ts';
import { heartbeat } from '#functions/agent-api/heartbeat.ts';
import { withHubConfigs } from '#functions/agent-api/hub-configs.ts';
import { join } from '#functions/agent-api/join.ts';
import { redeem } from '#functions/agent-api/redeem.ts';
import { Sealer } from '#functions/domain/sealing.ts';
import { sweeperMessage } from '#functions/env.ts';
import { logIn } from '#functions/frontdoor/login.ts';
import { onMessage as onLifecycle } from '#functions/lifecycle/lifecycle.ts';
import { lifecycleMessage } from '#functions/lifecycle/message.ts';
import type { LifecycleAction, MachineGroup } from '#functions/store/machine-group.ts';
import { type Stores, storesOver } from '#functions/store/stores.ts';
import type { Table } from '#functions/store/table.ts';
import { watchMessage } from '#functions/store/watch-message.ts';
import { sweeperMessages } from '#functions/sweeper/message.ts';
import { onMessage as onSweep } from '#functions/sweeper/sweeper.ts';
import { watch } from '#functions/watchdog/watchdog.ts';
import { type Desired, type Observed, observedSchema } from '#shared/contract/heartbeat.ts';
import { type JoinResponse, joinRequestSchema } from '#shared/contract/member.ts';
import type { Problem } from '#shared/contract/problem.ts';
import { redeemRequestSchema } from '#shared/contract/ticket.ts';
import type { Clock, Timers } from '#shared/kernel/clock.ts';
import { type MachineId, memberId } from '#shared/kernel/ids.ts';
import type { Fields, Log } from '#shared/kernel/log.ts';
import { encodeErrorAnswer } from '#shared/wire/error-answer.ts';
import { decodeLogin } from '#shared/wire/login.ts';
import { decodePack, encodePack, loginPackLimits } from '#shared/wire/pack.ts';
import { encodeRedirect } from '#shared/wire/redirect.ts';
import { Environment, Environments } from './environment.ts';
import { FaultyTable, type TableServer, type TableWrite } from './faulty-table.ts';
import { Invocation, type Purpose } from './invocation.ts';
import type { SimOptions } from './options.ts';
import type { Seeded } from './seeded.ts';
import { epochMs } from './sim-process.ts';
import { SimQueue } from './sim-queue.ts';
import type { VirtualTime } from './virtual-time.ts';

/** How an invocation ended. `failed`: it threw, it died, or nobody was there to run it. */
export type Ending<T> =
  | { readonly kind: 'returned'; readonly value: T }
  | { readonly kind: 'failed' };

export type AgentAnswer =
  | { readonly kind: 'ok'; readonly value: unknown }
  | { readonly kind: 'problem'; readonly problem: Problem };

export interface ControlPlaneParts {
  readonly time: VirtualTime;
  readonly random: Seeded;
  readonly options: SimOptions;
  readonly engine: Table;
  readonly group: MachineGroup;
  readonly note: (who: string, what: string) => void;
  readonly onWrite: (write: TableWrite) => void;
  /** For faults planted on purpose; both leave things as they are otherwise. */
  readonly alterJoin: (answer: JoinResponse) => JoinResponse;
  readonly alterDesired: (answer: Desired) => Desired;
  readonly alterHeartbeat: (member: string, observed: Observed) => Observed;
}

/** An invocation dies within so many steps: each call of the store is three of them. */
const crashStepsMax = [15, 60] as const;
const tickEveryMs = 60_000;
/** The longest any function of ours may run. */
const functionTimeoutMs = 20_000;

/** What an operator's calls work with. */
export interface Operation {
  readonly stores: Stores;
  readonly clock: Clock;
  readonly random: Seeded;
}

/** The functions of the control plane, each run as an invocation that may go wrong anywhere. */
export class ControlPlane {
  /** Nothing can be reached. */
  away = false;
  /** From now on every invocation ends well. */
  healed = false;
  readonly server: TableServer;
  readonly queue: SimQueue;
  readonly lifecycleQueue: SimQueue;
  readonly sweeperQueue: SimQueue;
  readonly #parts: ControlPlaneParts;
  readonly #sealer: Sealer;
  readonly #environments: Environments;
  #invocations = 0;
  #running = 0;

  constructor(parts: ControlPlaneParts) {
    this.#parts = parts;
    const { time, random, options, engine, onWrite } = parts;
    this.server = {
      engine,
      time,
      random: random.stream('table'),
      faults: options.table,
      away: false,
      onWrite,
    };
    const queue = (name: string, consume: (body: string) => Promise<boolean>): SimQueue =>
      new SimQueue(time, random.stream(name), options.queue, consume);
    this.queue = queue('queue', (body) => this.#watch(body));
    this.lifecycleQueue = queue('lifecycle-queue', (body) => this.#lifecycle(body));
    this.sweeperQueue = queue('sweeper-queue', (body) => this.#sweep(body));
    this.#sealer = new Sealer(Buffer.alloc(32), random.stream('sealer'));
    this.#environments = new Environments(random.stream('environments'), (own) => {
      const { controlClockMs } = options;
      return new Environment(this.server, own.between(-controlClockMs, controlClockMs));
    });
  }

  get running(): number {
    return this.#running;
  }

  heal(): void {
    this.away = false;
    this.healed = true;
    this.server.away = false;
    const { slowMs, latencyMs } = this.server.faults;
    this.server.faults = { ...noFaults, slowMs, latencyMs };
    for (const queue of [this.queue, this.lifecycleQueue, this.sweeperQueue]) {
      queue.faults = { duplicateRate: 0, lateRate: 0, lateMs: 0 };
    }
  }

  /** The sweeper's schedule. */
  startTicks(): void {
    this.#parts.time.after(tickEveryMs, () => {
      this.sweeperQueue.send(JSON.stringify(sweeperMessage.tick), 0);
      this.startTicks();
    });
  }

  /** The front door's `vpn.cgi`: a PACK in, a PACK out. */
  async login(body: Buffer, address: string): Promise<Ending<Buffer>> {
    return this.invoke({ kind: 'login' }, async (invocation, stores, log) => {
      const login = decodeLogin(decodePack(body, loginPackLimits));
      const source = { address, requestId: String(invocation.id) };
      const secrets = {
        sealer: async () => this.#sealer,
        challengeKey: async () => Buffer.alloc(32),
      };
      const { clock, random } = invocation;
      const answer = await logIn({ stores, clock, random, log, secrets }, login, source);
      return encodePack(
        answer.kind === 'redirect'
          ? encodeRedirect(answer.redirect)
          : encodeErrorAnswer(answer.code),
      );
    });
  }

  /** One question of a member, as JSON, from a caller whose identity is proven. */
  async agentApi(
    route: 'join' | 'heartbeat' | 'redeem',
    caller: string,
    json: string,
  ): Promise<Ending<AgentAnswer>> {
    const body: unknown = JSON.parse(json);
    const member = memberId(caller);
    switch (route) {
      case 'join':
        return this.#serve({ kind: 'join', member: caller }, joinRequestSchema, body, (api, it) =>
          join(api, member, it).then((answer) => this.#altered(answer)),
        );
      case 'heartbeat': {
        const { epoch, seq } = observedSchema.parse(body);
        const purpose = { kind: 'heartbeat', member: caller, epoch, seq } as const;
        return this.#serve(purpose, observedSchema, body, (api, it) =>
          heartbeat(api, member, this.#parts.alterHeartbeat(caller, it))
            .then((answer) => withHubConfigs(api, answer))
            .then((answer) =>
              answer.kind === 'ok'
                ? { ...answer, value: this.#parts.alterDesired(answer.value) }
                : answer,
            ),
        );
      }
      case 'redeem': {
        const { epoch } = redeemRequestSchema.parse(body);
        const purpose = { kind: 'redeem', member: caller, epoch } as const;
        return this.#serve(purpose, redeemRequestSchema, body, (api, it) =>
          redeem(api, member, it),
        );
      }
    }
  }

  /** What an operator does by way of the stores; nothing goes wrong with it. */
  async operate(action: (operation: Operation) => Promise<void>): Promise<void> {
    const clock = this.#clock(0);
    const invocation = this.#invocation({ kind: 'operator' }, 0, Number.POSITIVE_INFINITY);
    const server = { ...this.server, faults: noFaults, away: false };
    const stores = storesOver(new FaultyTable(server, () => invocation));
    await action({ stores, clock, random: invocation.random });
  }

  async invoke<T>(
    purpose: Purpose,
    body: (invocation: Invocation, stores: Stores, log: Log) => Promise<T>,
  ): Promise<Ending<T>> {
    const { random, options, time } = this.#parts;
    if (this.away) return { kind: 'failed' };
    const dies = random.chance(this.healed ? 0 : options.crashRate);
    const stepsMax = random.pick(crashStepsMax) ?? 0;
    const steps = dies ? random.integer(0, stepsMax - 1) : Number.POSITIVE_INFINITY;
    const name = functionOf(purpose);
    const environment = this.#environments.take(name);
    return new Promise((resolve) => {
      let over = false;
      this.#running += 1;
      const end = (ending: Ending<T>): void => {
        if (over) return;
        over = true;
        cancel();
        this.#running -= 1;
        resolve(ending);
      };
      const invocation = this.#invocation(purpose, environment.skewMs, steps, () => {
        this.#note(invocation, 'dies');
        end({ kind: 'failed' });
      });
      environment.enter(invocation);
      const cancel = time.after(functionTimeoutMs, () => invocation.crash());
      const log = this.#logOf(invocation);
      body(invocation, environment.stores, log).then(
        (value) => {
          this.#environments.giveBack(name, environment);
          end({ kind: 'returned', value });
        },
        (error: unknown) => {
          this.#environments.giveBack(name, environment);
          if (!isStoreFailure(error)) this.bug ??= error;
          this.#note(invocation, `throws ${String(error)}`);
          end({ kind: 'failed' });
        },
      );
    });
  }

  /** Thrown by production code and no fault of the world. */
  bug: unknown;

  async #serve<T, R>(
    purpose: Purpose,
    schema: z.ZodType<T>,
    body: unknown,
    action: (api: AgentApiParts, request: T) => Promise<{ kind: 'ok'; value: R } | AgentAnswer>,
  ): Promise<Ending<AgentAnswer>> {
    return this.invoke(purpose, async (invocation, stores, log) => {
      const parsed = schema.safeParse(body);
      if (!parsed.success) {
        throw new Error(`a member sent an invalid request: ${parsed.error.message}`);
      }
      const { clock, random } = invocation;
      const watchdogQueue = this.queue.port(() => invocation.survive());
      const secrets = { sealer: async () => this.#sealer, adminPassword: async () => 'first' };
      const keys = { witnessKey, adminChallengeKey };
      const timers: Timers = { after: () => () => undefined }; // nobody inquires here
      const api = { stores, watchdogQueue, secrets, clock, timers, random, log, ...keys };
      const answer = await action(api, parsed.data);
      return JSON.parse(JSON.stringify(answer)) as AgentAnswer;
    });
  }

  async #watch(body: string): Promise<boolean> {
    const ending = await this.invoke({ kind: 'watch' }, (invocation, stores, log) => {
      const queue = this.queue.port(() => invocation.survive());
      const { clock, random } = invocation;
      const group = this.#group(invocation);
      return watch({ stores, group, queue, clock, random, log }, watchMessage.decode(body));
    });
    return ending.kind === 'returned';
  }

  async #lifecycle(body: string): Promise<boolean> {
    const ending = await this.invoke({ kind: 'lifecycle' }, (invocation, stores, log) => {
      const queue = this.lifecycleQueue.port(() => invocation.survive());
      const { clock } = invocation;
      const group = this.#group(invocation);
      return onLifecycle({ stores, group, queue, clock, log }, lifecycleMessage.decode(body));
    });
    return ending.kind === 'returned';
  }

  async #sweep(body: string): Promise<boolean> {
    const ending = await this.invoke({ kind: 'sweep' }, (invocation, stores, log) => {
      const survive = () => invocation.survive();
      const queue = this.sweeperQueue.port(survive);
      const watchdogQueue = this.queue.port(survive);
      const { clock } = invocation;
      const group = this.#group(invocation);
      const sweeper = { stores, group, queue, watchdogQueue, clock, log };
      return onSweep(sweeper, sweeperMessages.decode(body));
    });
    return ending.kind === 'returned';
  }

  /** The group as an invocation sees it: it may die before it has asked, and after. */
  #group(invocation: Invocation): MachineGroup {
    const { group } = this.#parts;
    const around = async <T>(call: () => Promise<T>): Promise<T> => {
      await invocation.survive();
      const answer = await call();
      await invocation.survive();
      return answer;
    };
    return {
      complete: (action: LifecycleAction) => around(() => group.complete(action)),
      extend: (action: LifecycleAction) => around(() => group.extend(action)),
      reportUnhealthy: (id: MachineId) => around(() => group.reportUnhealthy(id)),
    };
  }

  #altered<A extends { kind: string }>(answer: A): A {
    if (answer.kind !== 'ok' || !('value' in answer)) return answer;
    return { ...answer, value: this.#parts.alterJoin(answer.value as JoinResponse) };
  }

  #invocation(
    purpose: Purpose,
    skewMs: number,
    steps: number,
    onCrash: () => void = () => undefined,
  ): Invocation {
    this.#invocations += 1;
    const id = this.#invocations;
    const random = this.#parts.random.stream(`invocation/${id}`);
    return new Invocation(id, purpose, this.#clock(skewMs), random, steps, onCrash);
  }

  #clock(skewMs: number) {
    const { time } = this.#parts;
    return {
      nowMs: () => Math.floor(epochMs + time.nowMs + skewMs),
      monotonicMs: () => time.nowMs,
    };
  }

  #logOf(invocation: Invocation): Log {
    const note = (event: string, fields?: Fields): void => {
      if (event === 'login.redirected' || event === 'login.rejected') {
        const { candidates: _left, ...facts } = fields ?? {};
        this.#note(invocation, `${event} ${JSON.stringify(facts)}`);
      } else this.#note(invocation, `${event} ${JSON.stringify(fields ?? {})}`);
    };
    return { info: note, warn: note, error: note };
  }

  #note(invocation: Invocation, what: string): void {
    this.#parts.note(`λ${invocation.id}`, `${invocation.purpose.kind}: ${what}`);
  }
}

const witnessKey = async (): Promise<Buffer> => Buffer.alloc(32, 7);
const adminChallengeKey = async (): Promise<Buffer> => Buffer.alloc(32, 9);

const noFaults = {
  latencyMs: 1,
  slowRate: 0,
  slowMs: 0,
  throttleRate: 0,
  failAfterRate: 0,
  repeatRate: 0,
  repeatMs: 0,
  shortPageRate: 0,
} as const;

/** Which function answers. */
function functionOf({ kind }: Purpose): string {
  return kind === 'join' || kind === 'heartbeat' || kind === 'redeem' ? 'agent-api' : kind;
}

function isStoreFailure(error: unknown): boolean {
  return error instanceof Error && error.name === 'StoreFailure';
}
