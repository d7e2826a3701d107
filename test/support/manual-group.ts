import type { LifecycleAction, MachineGroup } from '#functions/store/machine-group.ts';
import type { MachineId } from '#shared/kernel/ids.ts';

/** A group of machines that does what it is told and remembers it. */
export class ManualGroup implements MachineGroup {
  /** Lifecycle tokens that wait; others are over. */
  readonly waiting = new Set<string>();
  readonly completed: string[] = [];
  readonly unhealthy: MachineId[] = [];
  extensions = 0;

  async complete({ token }: LifecycleAction): Promise<'completed' | 'over'> {
    if (!this.waiting.delete(token)) return 'over';
    this.completed.push(token);
    return 'completed';
  }

  async extend({ token }: LifecycleAction): Promise<'extended' | 'over'> {
    if (!this.waiting.has(token)) return 'over';
    this.extensions += 1;
    return 'extended';
  }

  async reportUnhealthy(machine: MachineId): Promise<'reported' | 'unknown'> {
    this.unhealthy.push(machine);
    return 'reported';
  }
}
