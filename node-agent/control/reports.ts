import {
  heartbeatListMax,
  type SessionRef,
  type SessionReport,
} from '#shared/contract/heartbeat.ts';
import { type Finding, findingsMax, foundBytesMax } from '#shared/contract/inquiry.ts';
import { nameKey } from '#shared/kernel/ids.ts';
import type { ChangedHub, ReleasedHub } from '../session/hub-table.ts';

/**
 * What openings may add to a heartbeat. They carry texts that clients choose; the other lists keep
 * their own bounds, and all together stay below `agentBodyBytesMax`.
 */
export const openedBytesMax = 512 * 1024;

/** The lists of one heartbeat: the oldest of what is not acknowledged yet. */
export interface ReportBatch {
  readonly opened: SessionReport[];
  readonly closed: SessionRef[];
  readonly released: ReleasedHub[];
  readonly usual?: ChangedHub[];
  readonly done: string[];
  readonly found?: Finding[];
}

/**
 * What the control plane has to be told and has not acknowledged: kept until a heartbeat that
 * carried it was answered, so that each may arrive twice and none is lost. Bounded by what it
 * speaks of: sessions that are open, sessions that were, hubs, and orders and inquiries of the last
 * answer.
 */
export class Reports {
  readonly #opened = new Map<string, { report: SessionReport; sent: boolean }>();
  readonly #closed = new Map<string, SessionRef>();
  readonly #released = new Map<string, ReleasedHub>();
  /** By name: only the latest is worth telling. */
  readonly #changed = new Map<string, ChangedHub>();
  readonly #done = new Set<string>();
  readonly #found = new Map<string, Finding>();

  get pending(): number {
    return this.#opened.size + this.#closed.size + this.#released.size + this.#done.size;
  }

  /** Somebody waits for what was found. */
  get hasFound(): boolean {
    return this.#found.size > 0;
  }

  get hasReleased(): boolean {
    return this.#released.size > 0;
  }

  opened(report: SessionReport): void {
    this.#opened.set(refKey(report), { report, sent: false });
  }

  /** A session nobody was told of needs no farewell. */
  closed(ref: SessionRef): void {
    const key = refKey(ref);
    if (this.#opened.get(key)?.sent === false) this.#opened.delete(key);
    else this.#closed.set(key, ref);
  }

  released(hub: ReleasedHub): void {
    this.#released.set(`${nameKey(hub.name)} ${hub.epoch}`, hub);
  }

  /** Of running hubs; it can wait for the period, and be lost with an epoch. */
  changed(hub: ChangedHub): void {
    this.#changed.set(nameKey(hub.name), hub);
  }

  done(orderId: string): void {
    this.#done.add(orderId);
  }

  /** Done when it is told: until then it is asked, and counts as what its hub asks. */
  found(finding: Finding): void {
    this.#found.set(finding.id, finding);
  }

  /** Nobody waits for what was found of others. */
  keepFound(asked: ReadonlySet<string>): void {
    for (const id of this.#found.keys()) if (!asked.has(id)) this.#found.delete(id);
  }

  isDone(id: string): boolean {
    return this.#done.has(id) || this.#found.has(id);
  }

  /** For the next heartbeat. A farewell waits until the session's opening was acknowledged. */
  take(): ReportBatch {
    const opened: SessionReport[] = [];
    let bytes = 0;
    for (const entry of this.#opened.values()) {
      bytes += Buffer.byteLength(JSON.stringify(entry.report));
      if (opened.length === heartbeatListMax || bytes > openedBytesMax) break;
      entry.sent = true;
      opened.push(entry.report);
    }
    const closed = firstOf(this.#closed.values(), (ref) => !this.#opened.has(refKey(ref)));
    const usual = firstOf(this.#changed.values(), () => true);
    const found = this.#takeFound();
    return {
      opened,
      closed,
      ...(usual.length > 0 && { usual }),
      released: firstOf(this.#released.values(), () => true),
      done: [...found.map(({ id }) => id), ...firstOf(this.#done, () => true)].slice(
        0,
        heartbeatListMax,
      ),
      ...(found.length > 0 && { found }),
    };
  }

  /** As many as fit; one at least, for each has its own bound. */
  #takeFound(): Finding[] {
    const found: Finding[] = [];
    let bytes = 0;
    for (const finding of this.#found.values()) {
      bytes += Buffer.byteLength(JSON.stringify(finding));
      if (found.length === findingsMax || (found.length > 0 && bytes > foundBytesMax)) break;
      found.push(finding);
    }
    return found;
  }

  /** The heartbeat that carried `batch` was answered. */
  acknowledge(batch: ReportBatch): void {
    for (const report of batch.opened) {
      if (this.#opened.get(refKey(report))?.report === report) this.#opened.delete(refKey(report));
    }
    for (const ref of batch.closed) this.#closed.delete(refKey(ref));
    for (const hub of batch.released) this.#released.delete(`${nameKey(hub.name)} ${hub.epoch}`);
    for (const hub of batch.usual ?? []) {
      if (this.#changed.get(nameKey(hub.name)) === hub) this.#changed.delete(nameKey(hub.name));
    }
    for (const id of batch.done) this.#done.delete(id);
    for (const { id } of batch.found ?? []) this.#found.delete(id);
  }

  /** A new epoch knows nothing: tell it who is here, and nothing of those who are not. */
  restart(open: readonly SessionReport[]): void {
    this.#opened.clear();
    this.#closed.clear();
    this.#released.clear();
    this.#changed.clear();
    this.#done.clear();
    this.#found.clear();
    for (const report of open) this.opened(report);
  }
}

function firstOf<T>(values: Iterable<T>, wanted: (value: T) => boolean): T[] {
  const first: T[] = [];
  for (const value of values) {
    if (first.length === heartbeatListMax) break;
    if (wanted(value)) first.push(value);
  }
  return first;
}

function refKey(ref: SessionRef): string {
  return `${nameKey(ref.hub)}\n${nameKey(ref.name)}`;
}
