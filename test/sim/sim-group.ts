import { lifecycleHeartbeatSeconds } from '#functions/env.ts';
import type { LifecycleAction, MachineGroup } from '#functions/store/machine-group.ts';
import type { Cancel } from '#shared/kernel/clock.ts';
import type { MachineId } from '#shared/kernel/ids.ts';
import type { SimMember } from './sim-member.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface SimGroupParts {
  readonly time: VirtualTime;
  readonly machineOf: (id: string) => SimMember | undefined;
  /** An event for the lifecycle function; it may come late, twice, and after what follows it. */
  readonly tell: (event: string) => void;
  /** A live machine went: another one takes its place. */
  readonly replace: () => void;
  readonly onCompleted: (member: string) => void;
}

interface Waiting {
  readonly member: SimMember;
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
  get waiting(): readonly { readonly member: SimMember; readonly sinceMs: number }[] {
    return [...this.#waiting.values()];
  }

  scaleIn(member: SimMember): void {
    if (member.isGone || this.waiting.some((one) => one.member === member)) return;
    const { time, tell } = this.#parts;
    this.#tokens += 1;
    const token = `token-${this.#tokens}`;
    const waiting = { member, sinceMs: time.nowMs, cancel: this.#patience(token) };
    this.#waiting.set(token, waiting);
    tell(
      JSON.stringify({
        'detail-type': 'EC2 Instance-terminate Lifecycle Action',
        detail: {
          EC2InstanceId: member.name,
          AutoScalingGroupName: names.groupName,
          LifecycleHookName: names.hookName,
          LifecycleActionToken: token,
        },
      }),
    );
  }

  /** Nobody is asked, and no hook waits. */
  interrupt(member: SimMember): void {
    this.#parts.tell(
      JSON.stringify({
        'detail-type': 'EC2 Spot Instance Interruption Warning',
        detail: { 'instance-id': member.name },
      }),
    );
    this.#parts.time.after(interruptedAfterMs, () => this.#terminate(member));
  }

  async complete({ token }: LifecycleAction): Promise<'completed' | 'over'> {
    const waiting = this.#waiting.get(token);
    if (waiting === undefined) return 'over';
    this.#parts.onCompleted(waiting.member.name);
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
    const member = this.#parts.machineOf(id);
    if (member === undefined) return 'unknown';
    if (member.isGone) this.#tellGone(member);
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
    this.#terminate(waiting.member);
  }

  #terminate(member: SimMember): void {
    if (member.isGone) return;
    member.die();
    this.#parts.replace();
    this.#tellGone(member);
  }

  #tellGone(member: SimMember): void {
    this.#parts.tell(
      JSON.stringify({
        'detail-type': 'EC2 Instance Terminate Successful',
        detail: { EC2InstanceId: member.name },
      }),
    );
  }
}
