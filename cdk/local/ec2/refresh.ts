import type { Cancel, Clock, Timers } from '#shared/kernel/clock.ts';
import type { Random } from '#shared/kernel/random.ts';
import { nextRefreshStep, type RefreshPreferences, type RefreshView } from './instance-refresh.ts';
import { isLeaving, type Machine } from './machine.ts';

/** What an operator is told of an instance refresh. */
export interface RefreshReport {
  readonly id: string;
  readonly status: 'InProgress' | 'Successful' | 'Cancelled';
  readonly preferences: RefreshPreferences;
  /** Machines from before the refresh that are still there. */
  readonly left: number;
  readonly percentage: number;
}

export interface RefreshOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly warmupMs: number;
  readonly machines: () => readonly Machine[];
  readonly desired: () => number;
  readonly launch: (count: number) => void;
  readonly terminate: (machine: Machine, isReplaced: boolean) => void;
  readonly onReport: (report: RefreshReport) => void;
}

/** The group's instance refreshes: one at a time, and the last one is remembered. */
export class Refreshes {
  private readonly random: Random;
  private readonly options: RefreshOptions;
  private last: Refresh | undefined;

  constructor(random: Random, options: RefreshOptions) {
    this.random = random;
    this.options = options;
  }

  /** Its id; undefined if one is under way. */
  start(preferences: RefreshPreferences): string | undefined {
    if (this.last?.report.status === 'InProgress') return undefined;
    const id = this.random.bytes(16).toString('hex');
    this.last = new Refresh(id, preferences, this.options.machines(), this.options);
    this.last.step();
    return id;
  }

  /** The id of the one that was under way. */
  cancel(): string | undefined {
    if (this.last?.report.status !== 'InProgress') return undefined;
    this.last.cancel();
    return this.last.report.id;
  }

  /** Something about the group has changed. */
  step(): void {
    this.last?.step();
  }

  get reports(): readonly RefreshReport[] {
    return this.last === undefined ? [] : [this.last.report];
  }
}

/** One instance refresh: asks for the next step whenever something about the group has changed. */
class Refresh {
  private readonly options: RefreshOptions;
  private readonly old: ReadonlySet<Machine>;
  private state: RefreshReport;
  private isStepping = false;
  private cancelLook: Cancel = () => undefined;

  constructor(
    id: string,
    preferences: RefreshPreferences,
    machines: readonly Machine[],
    options: RefreshOptions,
  ) {
    this.options = options;
    this.old = new Set(machines);
    const left = machines.length;
    this.state = { id, status: 'InProgress', preferences, left, percentage: 0 };
    options.onReport(this.state);
  }

  get report(): RefreshReport {
    return this.state;
  }

  cancel(): void {
    if (this.state.status === 'InProgress') this.tell({ status: 'Cancelled' });
    this.cancelLook();
  }

  /** Steps do not begin within one another: launching and terminating change the group at once. */
  step(): void {
    if (this.isStepping || this.state.status !== 'InProgress') return;
    this.isStepping = true;
    try {
      for (let steps = 0; steps <= 2 * this.old.size && this.takeStep(); steps += 1);
    } finally {
      this.isStepping = false;
    }
  }

  private takeStep(): boolean {
    const { launch, terminate } = this.options;
    const view = this.view();
    const next = nextRefreshStep(view, this.state.preferences);
    this.tellProgress();
    if (next.kind === 'done') this.tell({ status: 'Successful', left: 0, percentage: 100 });
    if (next.kind !== 'go') return false;
    const { maxHealthyPercentage: max } = this.state.preferences;
    for (const machine of this.leaversFirst().slice(0, next.terminate)) {
      terminate(machine, max <= 100);
    }
    if (next.launch > 0) launch(next.launch);
    return true;
  }

  private view(): RefreshView {
    const { desired, machines } = this.options;
    const leaving = machines().filter(isLeaving);
    const staying = machines().filter((machine) => !isLeaving(machine));
    const old = staying.filter((machine) => this.old.has(machine));
    const fresh = staying.filter((machine) => !this.old.has(machine));
    const healthy = (list: readonly Machine[]): number =>
      list.filter((machine) => this.isHealthy(machine)).length;
    return {
      desired: desired(),
      oldHealthy: healthy(old),
      oldUnhealthy: old.length - healthy(old),
      newHealthy: healthy(fresh),
      newPending: fresh.length - healthy(fresh),
      leaving: leaving.filter(({ isReplaced }) => isReplaced).length,
      succeeded: leaving.filter(({ isReplaced }) => !isReplaced).length,
    };
  }

  /** In service, and a new one warmed up; the group is looked at again when that is so. */
  private isHealthy(machine: Machine): boolean {
    const { clock, timers } = this.options;
    const warmupMs = this.state.preferences.warmupMs ?? this.options.warmupMs;
    if (machine.state !== 'InService' || machine.inServiceMs === undefined) return false;
    if (this.old.has(machine)) return true;
    const leftMs = machine.inServiceMs + warmupMs - clock.monotonicMs();
    if (leftMs <= 0) return true;
    this.cancelLook();
    this.cancelLook = timers.after(leftMs, () => this.step());
    return false;
  }

  private leaversFirst(): Machine[] {
    const { machines } = this.options;
    const old = machines().filter((machine) => this.old.has(machine) && !isLeaving(machine));
    return old.sort((left, right) => Number(this.isHealthy(left)) - Number(this.isHealthy(right)));
  }

  private tellProgress(): void {
    const left = this.options.machines().filter((machine) => this.old.has(machine)).length;
    if (left === this.state.left) return;
    this.tell({ left, percentage: Math.floor((100 * (this.old.size - left)) / this.old.size) });
  }

  private tell(change: Partial<RefreshReport>): void {
    this.state = { ...this.state, ...change };
    this.options.onReport(this.state);
  }
}
