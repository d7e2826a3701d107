import type { Timers } from '#shared/kernel/clock.ts';
import type { Random } from '#shared/kernel/random.ts';
import type { ServiceEvent } from '../events/event-bus.ts';
import { lifecycleEvent } from './group-events.ts';
import type { GroupTerms, LifecycleHook, LifecycleResult } from './group-terms.ts';
import type { Machine } from './machine.ts';

export interface LifecycleWaitsOptions {
  readonly terms: GroupTerms;
  readonly random: Random;
  readonly timers: Timers;
  readonly publish: (event: ServiceEvent) => void;
  /** Somebody has completed the action, or nobody has extended it. */
  readonly onOver: (machine: Machine, result: LifecycleResult) => void;
}

/** Machines that wait in the template's hooks. */
export class LifecycleWaits {
  private readonly options: LifecycleWaitsOptions;

  constructor(options: LifecycleWaitsOptions) {
    this.options = options;
  }

  enter(machine: Machine, hook: LifecycleHook): void {
    const { publish, random, terms } = this.options;
    const token = random.bytes(16).toString('hex');
    machine.action = { token, hook };
    this.wait(machine);
    publish(lifecycleEvent(terms, hook, machine.instance?.id ?? '', token));
  }

  /** False: it does not wait in this hook, or under another token. */
  complete(
    machine: Machine | undefined,
    hookName: string,
    token: string | undefined,
    result: LifecycleResult,
  ): boolean {
    if (machine === undefined || !isWaiting(machine, hookName, token)) return false;
    this.end(machine, result);
    return true;
  }

  extend(machine: Machine | undefined, hookName: string, token: string | undefined): boolean {
    if (machine === undefined || !isWaiting(machine, hookName, token)) return false;
    this.wait(machine);
    return true;
  }

  private wait(machine: Machine): void {
    const { action } = machine;
    if (action === undefined) return;
    machine.cancelTimer();
    machine.cancelTimer = this.options.timers.after(action.hook.heartbeatMs, () =>
      this.end(machine, action.hook.defaultResult),
    );
  }

  private end(machine: Machine, result: LifecycleResult): void {
    machine.cancelTimer();
    machine.action = undefined;
    this.options.onOver(machine, result);
  }
}

/** A token, if given, must be that of the action. */
function isWaiting({ action }: Machine, hookName: string, token: string | undefined): boolean {
  return action?.hook.name === hookName && (token === undefined || token === action.token);
}
