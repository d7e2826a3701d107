import type { Timers } from '#shared/kernel/clock.ts';
import type { Machine } from './machine.ts';
import type { ChooseMachines } from './termination-policy.ts';

/** AWS asks a policy that has not answered again "after a short time". */
const askAgainMs = 5_000;

export interface ScaleInOptions {
  readonly choose: ChooseMachines;
  /** So many machines too many. */
  readonly surplus: () => number;
  /** Those that could go, those nobody is on first. */
  readonly firstToGo: () => readonly Machine[];
  readonly terminate: (machine: Machine) => void;
  readonly timers: Timers;
}

/** Has the group's termination policy choose, one question at a time, while there are too many. */
export class ScaleIn {
  private readonly options: ScaleInOptions;
  private isAsking = false;
  private stopped = false;

  constructor(options: ScaleInOptions) {
    this.options = options;
  }

  stop(): void {
    this.stopped = true;
  }

  /** There may be too many. */
  async follow(): Promise<void> {
    if (this.isAsking) return;
    this.isAsking = true;
    try {
      while (!this.stopped && this.options.surplus() > 0) await this.ask();
    } finally {
      this.isAsking = false;
    }
  }

  private async ask(): Promise<void> {
    const { choose, firstToGo, surplus, terminate } = this.options;
    const [idle] = firstToGo().filter(({ state }) => state !== 'InService');
    if (idle !== undefined) {
      terminate(idle); // nobody is on it yet, or any more
      return;
    }
    const candidates = firstToGo();
    const ids = candidates.flatMap(({ instance }) => (instance === undefined ? [] : [instance.id]));
    const chosen = ids.length === 0 ? [] : ((await choose(ids, surplus())) ?? []);
    if (this.stopped) return;
    const going = candidates.filter(({ instance }) => chosen.includes(instance?.id ?? ''));
    for (const machine of going.slice(0, Math.max(0, surplus()))) terminate(machine);
    if (going.length === 0) await this.pause();
  }

  private pause(): Promise<void> {
    return new Promise((resolve) => {
      this.options.timers.after(askAgainMs, resolve);
    });
  }
}
