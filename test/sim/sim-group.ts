import { lifecycleHeartbeatSeconds } from '#functions/env.ts';
import type { LifecycleAction, MachineGroup } from '#functions/store/machine-group.ts';
import type { Cancel } from '#shared/kernel/clock.ts';
import type { MachineId } from '#shared/kernel/ids.ts';
import type { SimMember } from './sim-member.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface SimGroupParts {
  readonly time: VirtualTime;
  readonly membersOn: (machine: string) => readonly SimMember[];
  readonly die: (machine: string) => void;
  /** An event for the lifecycle function; it may come late, twice, and after what follows it. */
  readonly tell: (event: string) => void;
  /** A live machine went: another one takes its place. */
  readonly replace: () => void;
  readonly onCompleted: (machine: string) => void;
}

interface Waiting {
  readonly machine: string;
  readonly sinceMs: number;
  cancel: Cancel;
}

/** EC2 interrupts a Spot machine this long after its notice. */
const interruptedAfterMs = 120_000;
const names = { groupName: 'Group', hookName: 'Hook' } as const;

/**
 * The group the machines belong to, as EC2 Auto Scaling is: a machine to be terminated waits in its
 * hook until somebody says that it may go, or nobody asks for more time.
 */
export class SimGroup implements MachineGroup {
  readonly #parts: SimGroupParts;
  readonly #waiting = new Map<string, Waiting>();
  #tokens = 0;

  constructor(parts: SimGroupParts) {
    this.#parts = parts;
  }

  /** Machines that wait, and since when. */
  get waiting(): readonly { readonly machine: string; readonly sinceMs: number }[] {
    return [...this.#waiting.values()];
  }

  /** The machine of a member. */
  scaleIn({ machine }: SimMember): void {
    if (this.#isGone(machine) || this.waiting.some((one) => one.machine === machine)) return;
    const { time, tell } = this.#parts;
    this.#tokens += 1;
    const token = `token-${this.#tokens}`;
    const waiting = { machine, sinceMs: time.nowMs, cancel: this.#patience(token) };
    this.#waiting.set(token, waiting);
    tell(
      JSON.stringify({
        'detail-type': 'EC2 Instance-terminate Lifecycle Action',
        detail: {
          EC2InstanceId: machine,
          AutoScalingGroupName: names.groupName,
          LifecycleHookName: names.hookName,
          LifecycleActionToken: token,
        },
      }),
    );
  }

  /** Nobody is asked, and no hook waits. */
  interrupt({ machine }: SimMember): void {
    this.#parts.tell(
      JSON.stringify({
        'detail-type': 'EC2 Spot Instance Interruption Warning',
        detail: { 'instance-id': machine },
      }),
    );
    this.#parts.time.after(interruptedAfterMs, () => this.#terminate(machine));
  }

  async complete({ token }: LifecycleAction): Promise<'completed' | 'over'> {
    const waiting = this.#waiting.get(token);
    if (waiting === undefined) return 'over';
    this.#parts.onCompleted(waiting.machine);
    this.#end(token);
    return 'completed';
  }

  async extend({ token }: LifecycleAction): Promise<'extended' | 'over'> {
    const waiting = this.#waiting.get(token);
    if (waiting === undefined) return 'over';
    waiting.cancel();
    waiting.cancel = this.#patience(token);
    return 'extended';
  }

  async reportUnhealthy(id: MachineId): Promise<'reported' | 'unknown'> {
    const [member] = this.#parts.membersOn(id);
    if (member === undefined) return 'unknown';
    if (member.isGone) this.#tellGone(id);
    else this.scaleIn(member);
    return 'reported';
  }

  #patience(token: string): Cancel {
    return this.#parts.time.after(lifecycleHeartbeatSeconds * 1_000, () => this.#end(token));
  }

  #end(token: string): void {
    const waiting = this.#waiting.get(token);
    if (waiting === undefined) return;
    this.#waiting.delete(token);
    waiting.cancel();
    this.#terminate(waiting.machine);
  }

  #isGone(machine: string): boolean {
    return this.#parts.membersOn(machine).every(({ isGone }) => isGone);
  }

  #terminate(machine: string): void {
    if (this.#isGone(machine)) return;
    this.#parts.die(machine);
    this.#parts.replace();
    this.#tellGone(machine);
  }

  #tellGone(machine: string): void {
    this.#parts.tell(
      JSON.stringify({
        'detail-type': 'EC2 Instance Terminate Successful',
        detail: { EC2InstanceId: machine },
      }),
    );
  }
}
