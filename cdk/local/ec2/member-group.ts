import { join } from 'node:path';
import type { Cancel, Timers } from '#shared/kernel/clock.ts';
import { LogFile } from '../log-file.ts';
import { type Endpoint, endpointText } from '../options.ts';
import { Ec2Instance, type Ec2Services, type LaunchTemplate } from './ec2-instance.ts';

export interface MemberGroupOptions {
  readonly launchTemplate: LaunchTemplate;
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
}

export type GroupEvent =
  | { readonly kind: 'launched'; readonly instance: Ec2Instance }
  | { readonly kind: 'ended'; readonly instance: Ec2Instance; readonly how: string };

/** Where one member runs, whichever ec2Instance it is at the moment. */
interface Slot {
  readonly endpoint: Endpoint;
  readonly log: LogFile;
  instance: Ec2Instance | undefined;
  cancelReplacement: Cancel;
}

/**
 * The auto scaling group. An ec2Instance whose agent ends is gone, as a machine that lost power:
 * a new one, with a new id, takes its place. Left out: systemd's restart of the agent on the same
 * machine, scaling, lifecycle hooks.
 */
export class MemberGroup {
  private readonly options: MemberGroupOptions;
  private readonly slots: readonly Slot[];
  private stopping = false;

  constructor(options: MemberGroupOptions) {
    this.options = options;
    this.slots = options.endpoints.map((endpoint) => ({
      endpoint,
      log: new LogFile(join(options.logFolder, `member-${fileName(endpoint)}.log`)),
      instance: undefined,
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
    for (const slot of this.slots) slot.cancelReplacement();
    const ended = Promise.all(this.instances.map((instance) => this.untilEnded(instance)));
    for (const instance of this.instances) instance.kill('SIGTERM');
    const cancel = this.options.timers.after(graceMs, () => {
      for (const instance of this.instances) instance.kill('SIGKILL');
    });
    await ended;
    cancel();
    for (const { log } of this.slots) log.close();
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
    this.options.onEvent({ kind: 'ended', instance, how });
    slot.cancelReplacement = this.options.timers.after(this.options.replaceAfterMs, () => {
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
