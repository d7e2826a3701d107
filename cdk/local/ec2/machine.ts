import type { Cancel } from '#shared/kernel/clock.ts';
import type { Berth } from './berths.ts';
import type { Ec2Instance } from './ec2-instance.ts';
import type { LifecycleHook } from './group-terms.ts';

/** As EC2 Auto Scaling calls them; `Dead` ones ended by themselves and wait for a successor. */
export type MachineState =
  | 'Pending'
  | 'Pending:Wait'
  | 'InService'
  | 'Terminating:Wait'
  | 'Terminating'
  | 'Dead';

/** One machine of the group, from its launch to its end. */
export interface Machine {
  state: MachineState;
  /** Undefined until it has a place and a process. */
  instance: Ec2Instance | undefined;
  berth: Berth | undefined;
  /** In service since; monotonic. */
  inServiceMs: number | undefined;
  /** On its way out, and another takes its place. */
  isReplaced: boolean;
  /** The lifecycle action it waits in. */
  action: { readonly token: string; readonly hook: LifecycleHook } | undefined;
  cancelTimer: Cancel;
}

export function newMachine(): Machine {
  return {
    state: 'Pending',
    instance: undefined,
    berth: undefined,
    inServiceMs: undefined,
    isReplaced: false,
    action: undefined,
    cancelTimer: () => undefined,
  };
}

/** Whether it is one of the machines the group wants to have. */
export function counts({ state, isReplaced }: Machine): boolean {
  return state === 'Terminating' || state === 'Terminating:Wait' ? isReplaced : true;
}

export function isLeaving({ state }: Machine): boolean {
  return state === 'Terminating' || state === 'Terminating:Wait';
}
