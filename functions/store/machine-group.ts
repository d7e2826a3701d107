import type { MachineId } from '#shared/kernel/ids.ts';

/** A machine of the group that waits, to be terminated or counted in, until somebody says so. */
export interface LifecycleAction {
  readonly machineId: MachineId;
  readonly groupName: string;
  readonly hookName: string;
  readonly token: string;
}

/** The group of machines the members run on. Telling it something twice is no fault (I12). */
export interface MachineGroup {
  /**
   * Go on with the termination or the launch; ABANDON ends what was launched. `over`: it was told
   * so before, or did not wait any longer.
   */
  complete(action: LifecycleAction, result?: 'CONTINUE' | 'ABANDON'): Promise<'completed' | 'over'>;
  /** Keep the machine waiting for another period. */
  extend(action: LifecycleAction): Promise<'extended' | 'over'>;
  /** Replace this machine. `unknown`: it is none of the group's, or no more. */
  reportUnhealthy(machine: MachineId): Promise<'reported' | 'unknown'>;
}
