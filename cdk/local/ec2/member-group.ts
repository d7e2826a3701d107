import { join } from 'node:path';
import type { Cancel, Timers } from '#shared/kernel/clock.ts';
import type { ScalingGroup } from '../aws/auto-scaling.ts';
import type { ServiceEvent } from '../events/event-bus.ts';
import { LogFile } from '../log-file.ts';
import { type Endpoint, endpointText } from '../options.ts';
import { Ec2Instance, type Ec2Services, type LaunchTemplate } from './ec2-instance.ts';
import { type GroupTerms, leavingEvent, terminatedEvent } from './group-events.ts';

export interface MemberGroupOptions {
  readonly launchTemplate: LaunchTemplate;
  readonly terms: GroupTerms;
  /** One member at each; the group keeps it so. */
  readonly endpoints: readonly Endpoint[];
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
  | { readonly kind: 'ended'; readonly instance: Ec2Instance; readonly how: string };

/** Where one member runs, whichever ec2Instance it is at the moment. */
interface Slot {
  readonly endpoint: Endpoint;
  readonly log: LogFile;
  instance: Ec2Instance | undefined;
  leaving: Leaving | undefined;
  cancelReplacement: Cancel;
}

/** A termination under way. */
interface Leaving {
  readonly token: string;
  readonly isReplaced: boolean;
  /** Until somebody completes it, or nobody extends it, the ec2Instance stays as it is. */
  isWaiting: boolean;
  cancelTimer: Cancel;
}

/** What a terminated ec2Instance's operating system gives its services before the end. */
const shutdownMs = 5_000;

/**
 * The auto scaling group. An ec2Instance that ends, by force or because its agent is done, is gone:
 * a new one, with a new id, takes its place. One that is terminated waits for the lifecycle hook.
 * Left out: scaling out, health checks of its own.
 */
export class MemberGroup implements ScalingGroup {
  private readonly options: MemberGroupOptions;
  private slots: readonly Slot[];
  private stopping = false;

  constructor(options: MemberGroupOptions) {
    this.options = options;
    this.slots = options.endpoints.map((endpoint) => ({
      endpoint,
      log: new LogFile(join(options.logFolder, `member-${fileName(endpoint)}.log`)),
      instance: undefined,
      leaving: undefined,
      cancelReplacement: () => undefined,
    }));
  }

  async start(): Promise<void> {
    await Promise.all(this.slots.map((slot) => this.launch(slot)));
  }

  /** The ec2Instances, ended ones too until they are replaced. */
  get instances(): readonly Ec2Instance[] {
    return this.slots.flatMap(({ instance }) => (instance === undefined ? [] : [instance]));
  }

  /** Where an ec2Instance's output goes. */
  logPath(endpoint: Endpoint): string {
    return this.slots.find((slot) => slot.endpoint === endpoint)?.log.path ?? '';
  }

  /** SIGTERM to all; SIGKILL to those still there after `graceMs`. Resolves when all have ended. */
  async stop(graceMs: number): Promise<void> {
    this.stopping = true;
    for (const slot of this.slots) {
      slot.cancelReplacement();
      slot.leaving?.cancelTimer();
    }
    const ended = Promise.all(this.instances.map((instance) => this.untilEnded(instance)));
    for (const instance of this.instances) instance.kill('SIGTERM');
    const cancel = this.options.timers.after(graceMs, () => {
      for (const instance of this.instances) instance.kill('SIGKILL');
    });
    await ended;
    cancel();
    for (const { log } of this.slots) log.close();
  }

  /** Scale in: terminate this one, and do with one less. False: it is not there. */
  scaleIn(instanceId: string): boolean {
    return this.terminate(instanceId, false, 'scale-in');
  }

  /** As a failed health check: another takes its place. One that is dead already is replaced so. */
  markUnhealthy(instanceId: string): boolean {
    return this.terminate(instanceId, true, 'unhealthy');
  }

  complete(instanceId: string, token: string | undefined): boolean {
    const slot = this.waiting(instanceId, token);
    if (slot !== undefined) this.letGo(slot);
    return slot !== undefined;
  }

  extend(instanceId: string, token: string | undefined): boolean {
    const slot = this.waiting(instanceId, token);
    if (slot !== undefined) this.waitOnceMore(slot);
    return slot !== undefined;
  }

  private terminate(instanceId: string, isReplaced: boolean, cause: string): boolean {
    const slot = this.slots.find(({ instance }) => instance?.id === instanceId);
    const { services, terms, onEvent, publish } = this.options;
    if (slot?.instance === undefined || this.stopping) return false;
    if (slot.leaving !== undefined || !slot.instance.running) return true;
    const token = services.random.bytes(16).toString('hex');
    const cancelTimer = (): void => undefined;
    slot.leaving = { token, isReplaced, isWaiting: true, cancelTimer };
    onEvent({ kind: 'leaving', instance: slot.instance, cause });
    if (terms.hook === undefined) {
      this.letGo(slot);
      return true;
    }
    this.waitOnceMore(slot);
    publish(leavingEvent(terms, terms.hook, instanceId, token));
    return true;
  }

  /** The slot whose ec2Instance waits; a token, if given, must be that of the termination. */
  private waiting(instanceId: string, token: string | undefined): Slot | undefined {
    return this.slots.find(
      ({ instance, leaving }) =>
        instance?.id === instanceId &&
        leaving?.isWaiting === true &&
        (token === undefined || token === leaving.token),
    );
  }

  private waitOnceMore(slot: Slot): void {
    const { terms, timers } = this.options;
    if (slot.leaving === undefined || terms.hook === undefined) return;
    slot.leaving.cancelTimer();
    slot.leaving.cancelTimer = timers.after(terms.hook.heartbeatMs, () => this.letGo(slot));
  }

  /** The hook's default result and CONTINUE mean the same for a termination. */
  private letGo(slot: Slot): void {
    const { instance, leaving } = slot;
    if (instance === undefined || leaving === undefined) return;
    leaving.isWaiting = false;
    leaving.cancelTimer();
    if (!instance.running) {
      this.onTerminated(slot, instance, leaving);
      return;
    }
    instance.kill('SIGTERM');
    leaving.cancelTimer = this.options.timers.after(shutdownMs, () => instance.kill('SIGKILL'));
  }

  private onTerminated(slot: Slot, instance: Ec2Instance, leaving: Leaving): void {
    leaving.cancelTimer();
    slot.leaving = undefined;
    this.options.publish(terminatedEvent(this.options.terms, instance.id));
    if (leaving.isReplaced) this.replaceLater(slot, instance);
    else {
      this.slots = this.slots.filter((other) => other !== slot);
      slot.log.close();
    }
    this.options.onEvent({ kind: 'left', instance });
  }

  private readonly endings = new Map<Ec2Instance, () => void>();

  private untilEnded(instance: Ec2Instance): Promise<void> {
    return instance.running
      ? new Promise((resolve) => this.endings.set(instance, resolve))
      : Promise.resolve();
  }

  private async launch(slot: Slot): Promise<void> {
    const { launchTemplate, folder, services, onEvent } = this.options;
    slot.instance = await Ec2Instance.launch(
      launchTemplate,
      slot.endpoint,
      join(folder, fileName(slot.endpoint)),
      slot.log,
      services,
      (instance, how) => this.onEnded(slot, instance, how),
    );
    if (this.stopping) slot.instance.kill('SIGKILL');
    onEvent({ kind: 'launched', instance: slot.instance });
  }

  private onEnded(slot: Slot, instance: Ec2Instance, how: string): void {
    this.endings.get(instance)?.();
    if (this.stopping) return;
    const { leaving } = slot;
    if (leaving?.isWaiting) return; // its agent is done; the machine is still there
    if (leaving !== undefined) {
      this.onTerminated(slot, instance, leaving);
      return;
    }
    this.options.onEvent({ kind: 'ended', instance, how });
    this.replaceLater(slot, instance, () =>
      this.options.publish(terminatedEvent(this.options.terms, instance.id)),
    );
  }

  private replaceLater(slot: Slot, instance: Ec2Instance, before = (): void => undefined): void {
    slot.cancelReplacement = this.options.timers.after(this.options.replaceAfterMs, () => {
      before();
      this.launch(slot).catch((error: unknown) => {
        slot.log.append(`launch failed: ${String(error)}\n`);
        this.onEnded(slot, instance, String(error));
      });
    });
  }
}

function fileName(endpoint: Endpoint): string {
  return endpointText(endpoint).replace(':', '-');
}
