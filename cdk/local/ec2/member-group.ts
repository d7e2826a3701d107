import { join } from 'node:path';
import type { Timers } from '#shared/kernel/clock.ts';
import type { ScalingGroup } from '../aws/auto-scaling.ts';
import type { ServiceEvent } from '../events/event-bus.ts';
import type { Endpoint } from '../options.ts';
import type { Sizes } from '../scaling/policies.ts';
import type { ScaledGroup } from '../scaling/scaler.ts';
import type { Standing } from '../scaling/target-tracking.ts';
import { Berths } from './berths.ts';
import { Capacity } from './capacity.ts';
import { Ec2Instance, type Ec2Services, type LaunchTemplate, processesOf } from './ec2-instance.ts';
import { launchedEvent, terminatedEvent } from './group-events.ts';
import type { GroupTerms, LifecycleHook, LifecycleResult } from './group-terms.ts';
import type { RefreshPreferences } from './instance-refresh.ts';
import { LifecycleWaits } from './lifecycle-waits.ts';
import { counts, isLeaving, type Machine, newMachine } from './machine.ts';
import { Refreshes, type RefreshReport } from './refresh.ts';
import { ScaleIn } from './scale-in.ts';
import type { ChooseMachines } from './termination-policy.ts';

export interface MemberGroupOptions {
  readonly launchTemplate: LaunchTemplate;
  readonly terms: GroupTerms;
  /** Who goes when fewer are wanted; by age, if left out. */
  readonly choose?: ChooseMachines | undefined;
  /** Where members are as long as these are enough; then on the next ports. */
  readonly endpoints: readonly Endpoint[];
  /** How many members there are to be at first. */
  readonly desired: number;
  readonly isFree: (endpoint: Endpoint) => Promise<boolean>;
  /** A member that ended is replaced after this long. */
  readonly replaceAfterMs: number;
  /** For each member's `agent.json`. */
  readonly folder: string;
  readonly logFolder: string;
  readonly services: Ec2Services;
  readonly timers: Timers;
  readonly onEvent: (event: GroupEvent) => void;
  /** Tell the account's event bus. */
  readonly publish: (event: ServiceEvent) => void;
}

export type GroupEvent =
  | { readonly kind: 'launched'; readonly instance: Ec2Instance }
  /** It is to be terminated, and waits until that may be. */
  | { readonly kind: 'leaving'; readonly instance: Ec2Instance; readonly cause: string }
  | { readonly kind: 'left'; readonly instance: Ec2Instance }
  | { readonly kind: 'ended'; readonly instance: Ec2Instance; readonly how: string }
  | { readonly kind: 'no-launch'; readonly reason: string }
  | { readonly kind: 'desired'; readonly desired: number; readonly cause: string }
  | { readonly kind: 'refresh'; readonly report: RefreshReport };

/** What a terminated ec2Instance's operating system gives its services before the end. */
const shutdownMs = 5_000;

/**
 * The auto scaling group. An ec2Instance that ends, by force or as its agents are done, is gone:
 * a new one, with a new id, takes its place. Launch and termination wait in the template's hooks.
 * Left out: health checks of its own.
 */
export class MemberGroup implements ScalingGroup, ScaledGroup {
  private readonly options: MemberGroupOptions;
  private readonly berths: Berths;
  private machines: readonly Machine[] = [];
  private readonly capacity: Capacity;
  private readonly waits: LifecycleWaits;
  private readonly refresh: Refreshes;
  private readonly scalingIn: ScaleIn | undefined;
  private stopping = false;
  private readonly endings = new Map<Ec2Instance, () => void>();

  constructor(options: MemberGroupOptions) {
    this.options = options;
    const { desired, endpoints, isFree, launchTemplate, logFolder, services, terms } = options;
    this.capacity = new Capacity({
      // What was asked for on the command line may be beyond what the template says.
      minSize: Math.min(terms.minSize, desired),
      maxSize: Math.max(terms.maxSize, desired, endpoints.length),
      ...{ desired, simplePolicies: terms.simplePolicies, clock: services.clock },
      onChange: (now, cause) => {
        options.onEvent({ kind: 'desired', desired: now, cause });
        this.follow();
      },
    });
    this.waits = new LifecycleWaits({
      ...{ terms, random: services.random, timers: options.timers, publish: options.publish },
      onOver: (machine, result) => this.goOn(machine, result),
    });
    this.refresh = new Refreshes(services.random, {
      ...{ clock: services.clock, timers: options.timers, warmupMs: terms.warmupMs },
      machines: () => this.machines,
      desired: () => this.capacity.desired,
      launch: (count) => void this.launch(count),
      terminate: (machine, isReplaced) => this.terminate(machine, isReplaced, 'instance refresh'),
      onReport: (report) => options.onEvent({ kind: 'refresh', report }),
    });
    const { choose, timers } = options;
    this.scalingIn =
      choose &&
      new ScaleIn({
        ...{ choose, timers, surplus: () => this.surplus, firstToGo: () => this.firstToGo() },
        terminate: (machine) => this.terminate(machine, false, 'scale-in'),
      });
    const processes = processesOf(launchTemplate, services.cores);
    this.berths = new Berths(endpoints, logFolder, isFree, processes);
  }

  /** Launch the first members; resolves when their machines run, whatever a hook waits for. */
  async start(): Promise<void> {
    await this.fill();
  }

  /** The ec2Instances by their places, ended ones too until they are replaced. */
  get instances(): readonly Ec2Instance[] {
    return [...this.machines]
      .sort((left, right) => (left.berth?.number ?? 0) - (right.berth?.number ?? 0))
      .flatMap(({ instance }) => (instance === undefined ? [] : [instance]));
  }

  describe(): ReturnType<ScalingGroup['describe']> {
    const { minSize, maxSize } = this.capacity.bounds;
    return {
      ...{ minSize, maxSize, desired: this.capacity.desired },
      instances: this.machines.flatMap(({ instance, state }) =>
        instance === undefined ? [] : [{ id: instance.id, state, healthy: instance.running }],
      ),
    };
  }

  /** SIGTERM to all; SIGKILL to those still there after `graceMs`. Resolves when all have ended. */
  async stop(graceMs: number): Promise<void> {
    this.stopping = true;
    this.scalingIn?.stop();
    this.refresh.cancel();
    for (const machine of this.machines) machine.cancelTimer();
    const ended = Promise.all(this.instances.map((instance) => this.untilEnded(instance)));
    for (const instance of this.instances) instance.kill('SIGTERM');
    const cancel = this.options.timers.after(graceMs, () => {
      for (const instance of this.instances) instance.kill('SIGKILL');
    });
    await ended;
    cancel();
    this.berths.close();
  }

  /** Scale in: terminate this one, and do with one less. False: it is not there. */
  scaleIn(instanceId: string): boolean {
    const machine = this.called(instanceId);
    if (machine === undefined || isLeaving(machine)) return machine !== undefined;
    this.capacity.decrement();
    this.terminate(machine, false, 'scale-in');
    return true;
  }

  terminateInstance(instanceId: string, decrement: boolean): boolean {
    if (decrement) return this.scaleIn(instanceId);
    const machine = this.called(instanceId);
    if (machine !== undefined) this.terminate(machine, true, 'terminated by an operator');
    return machine !== undefined;
  }

  /** As a failed health check: another takes its place. One that is dead already is replaced so. */
  markUnhealthy(instanceId: string): boolean {
    const machine = this.called(instanceId);
    if (machine !== undefined) this.terminate(machine, true, 'unhealthy');
    return machine !== undefined;
  }

  setDesired(desired: number, cause?: string): string | undefined {
    return this.capacity.set(desired, cause);
  }

  executePolicy(name: string, honorCooldown: boolean): 'done' | 'cooling' | 'unknown' {
    return this.capacity.execute(name, honorCooldown);
  }

  standing(warmupMs: number): Standing {
    const nowMs = this.options.services.clock.monotonicMs();
    const leaving = this.machines.filter(isLeaving).length;
    const warm = this.machines.filter(
      ({ inServiceMs, state }) =>
        state === 'InService' && inServiceMs !== undefined && nowMs - inServiceMs >= warmupMs,
    ).length;
    const warming = this.machines.length - leaving - warm;
    return { desired: this.capacity.desired, warm, warming, leaving };
  }

  scaleTo(desired: number, cause: string): void {
    this.capacity.scaleTo(desired, cause);
  }

  reschedule(sizes: Sizes, cause: string): string | undefined {
    return this.capacity.rebound(sizes, cause);
  }

  startRefresh(preferences: RefreshPreferences): string | undefined {
    return this.refresh.start(preferences);
  }

  cancelRefresh(): string | undefined {
    return this.refresh.cancel();
  }

  get refreshes(): readonly RefreshReport[] {
    return this.refresh.reports;
  }

  complete(...[id, hook, token, result]: Parameters<ScalingGroup['complete']>): boolean {
    return this.waits.complete(this.called(id), hook, token, result);
  }

  extend(...[id, hook, token]: Parameters<ScalingGroup['extend']>): boolean {
    return this.waits.extend(this.called(id), hook, token);
  }

  /** What is too much goes, what is missing is launched. */
  private follow(): void {
    if (this.scalingIn !== undefined) void this.scalingIn.follow();
    else {
      for (const machine of this.firstToGo().slice(0, Math.max(0, this.surplus))) {
        this.terminate(machine, false, 'scale-in');
      }
    }
    void this.fill();
  }

  private get surplus(): number {
    return this.machines.filter(counts).length - this.capacity.desired;
  }

  private called(instanceId: string): Machine | undefined {
    if (this.stopping) return undefined;
    return this.machines.find(({ instance }) => instance?.id === instanceId);
  }

  /** Dead ones first, then those not in service yet, then whom the template says. */
  private firstToGo(): Machine[] {
    const order: Machine['state'][] = ['Dead', 'Pending:Wait', 'InService'];
    const { goesFirst } = this.options.terms;
    const machines = goesFirst === 'newest' ? [...this.machines].reverse() : this.machines;
    return machines
      .filter(({ state }) => order.includes(state))
      .sort((left, right) => order.indexOf(left.state) - order.indexOf(right.state));
  }

  private terminate(machine: Machine, isReplaced: boolean, cause: string): void {
    const { instance, state } = machine;
    const { terms, onEvent } = this.options;
    if (isLeaving(machine) || state === 'Pending') return;
    if (state === 'Dead') {
      if (!isReplaced) this.remove(machine);
      return; // else another takes its place when that is due
    }
    machine.cancelTimer();
    machine.isReplaced = isReplaced;
    if (instance !== undefined) onEvent({ kind: 'leaving', instance, cause });
    if (terms.terminating === undefined) this.letGo(machine);
    else this.enterHook(machine, terms.terminating);
  }

  private enterHook(machine: Machine, hook: LifecycleHook): void {
    const isLaunch = hook === this.options.terms.launching;
    machine.state = isLaunch ? 'Pending:Wait' : 'Terminating:Wait';
    this.waits.enter(machine, hook);
  }

  /** Both results of a termination mean the same; a launch that is abandoned is a termination. */
  private goOn(machine: Machine, result: LifecycleResult): void {
    if (machine.state === 'Terminating:Wait') {
      this.letGo(machine);
      return;
    }
    if (result === 'CONTINUE') {
      this.enterService(machine);
      return;
    }
    machine.isReplaced = true;
    if (machine.instance !== undefined) {
      this.options.onEvent({ kind: 'leaving', instance: machine.instance, cause: 'no member' });
    }
    this.letGo(machine);
  }

  private enterService(machine: Machine): void {
    const { services, terms, publish } = this.options;
    machine.state = 'InService';
    machine.inServiceMs = services.clock.monotonicMs();
    if (machine.instance !== undefined) publish(launchedEvent(terms, machine.instance.id));
    this.refresh.step();
  }

  private letGo(machine: Machine): void {
    const { instance } = machine;
    machine.state = 'Terminating';
    if (instance === undefined || !instance.running) {
      this.onTerminated(machine);
      return;
    }
    instance.kill('SIGTERM');
    machine.cancelTimer = this.options.timers.after(shutdownMs, () => instance.kill('SIGKILL'));
  }

  private onTerminated(machine: Machine): void {
    const { instance } = machine;
    this.remove(machine);
    if (instance !== undefined) this.options.onEvent({ kind: 'left', instance });
  }

  private remove(machine: Machine): void {
    machine.cancelTimer();
    const { berth, instance } = machine;
    this.machines = this.machines.filter((other) => other !== machine);
    if (instance !== undefined) {
      this.options.publish(terminatedEvent(this.options.terms, instance.id));
    }
    if (berth !== undefined) this.berths.release(berth);
    void this.fill();
    this.refresh.step();
  }

  private untilEnded(instance: Ec2Instance): Promise<void> {
    return instance.running
      ? new Promise((resolve) => this.endings.set(instance, resolve))
      : Promise.resolve();
  }

  /** Launch what is missing. */
  private fill(): Promise<void> {
    return this.launch(this.capacity.desired - this.machines.filter(counts).length);
  }

  private async launch(count: number): Promise<void> {
    if (this.stopping || count <= 0) return;
    const fresh = Array.from({ length: count }, newMachine);
    this.machines = [...this.machines, ...fresh];
    await Promise.all(fresh.map((machine) => this.launchOne(machine)));
  }

  private async launchOne(machine: Machine): Promise<void> {
    const { launchTemplate, folder, services, terms, onEvent } = this.options;
    try {
      const berth = await this.berths.take();
      machine.berth = berth;
      machine.instance = await Ec2Instance.launch(
        launchTemplate,
        berth.endpoints,
        join(folder, berth.name),
        berth.log,
        services,
        (instance, how) => this.onEnded(machine, instance, how),
      );
    } catch (error) {
      this.failToLaunch(machine, String(error));
      return;
    }
    if (this.stopping) machine.instance.kill('SIGKILL');
    onEvent({ kind: 'launched', instance: machine.instance });
    if (terms.launching === undefined) this.enterService(machine);
    else this.enterHook(machine, terms.launching);
  }

  private failToLaunch(machine: Machine, reason: string): void {
    const { replaceAfterMs, timers, onEvent } = this.options;
    machine.state = 'Dead';
    if (this.stopping) return;
    onEvent({ kind: 'no-launch', reason });
    machine.cancelTimer = timers.after(replaceAfterMs, () => this.remove(machine));
  }

  private onEnded(machine: Machine, instance: Ec2Instance, how: string): void {
    this.endings.get(instance)?.();
    if (this.stopping) return;
    if (machine.state === 'Terminating:Wait') return; // the agents are done, the machine is not
    if (machine.state === 'Terminating') {
      this.onTerminated(machine);
      return;
    }
    machine.cancelTimer();
    machine.action = undefined;
    machine.state = 'Dead';
    const { replaceAfterMs, timers, onEvent } = this.options;
    onEvent({ kind: 'ended', instance, how });
    machine.cancelTimer = timers.after(replaceAfterMs, () => this.remove(machine));
    this.refresh.step();
  }
}
