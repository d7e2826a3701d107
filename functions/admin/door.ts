import { timingSafeEqual } from 'node:crypto';
import {
  type DoorRecord,
  stillKnown,
  waitMs,
  withGuess,
  withoutProof,
  withProof,
} from '../domain/admin-door.ts';
import { type Sealer, sealContext } from '../domain/sealing.ts';
import { sourceKey } from '../domain/throttle.ts';
import type { StoredDoor } from '../store/admin-door-store.ts';
import type { AdminPorts } from './method.ts';

/** A guess is written down against so many others at the same moment; then it has to come back. */
const attemptsMax = 8;
const contendedWaitMs = 1_000;

export type Entry =
  /** Look at the password. */
  | { readonly kind: 'open' }
  /** Do not, whatever it is, for so long. */
  | { readonly kind: 'shut'; readonly waitMs: number };

/**
 * Lets one source try passwords at a bounded rate (ADR 0024). A password that was right before is
 * no guess: it costs one read and no write, and is looked at however many others guess from there.
 */
export class Door {
  readonly #ports: AdminPorts;
  readonly #sealer: Sealer;
  readonly #source: string;
  readonly #hub: string;
  #seen: StoredDoor | undefined;
  #isKnown = false;

  /** `hub`: keyed; empty for the server. */
  constructor(ports: AdminPorts, sealer: Sealer, sourceAddress: string, hub: string) {
    this.#ports = ports;
    this.#sealer = sealer;
    this.#source = sourceKey(sourceAddress);
    this.#hub = hub;
  }

  /** Before a password with this hash is looked at: of guesses under way together, each counts. */
  async enter(hash: Buffer): Promise<Entry> {
    const { clock, log, stores } = this.#ports;
    this.#seen = await stores.adminDoors.get(this.#source);
    this.#isKnown = this.#knows(hash);
    if (this.#isKnown) return { kind: 'open' };
    for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
      const nowMs = clock.nowMs();
      const waitsMs = waitMs(this.#record, nowMs);
      if (waitsMs > 0) return { kind: 'shut', waitMs: waitsMs };
      const next = withGuess(this.#record, nowMs);
      if (!(await this.#replace(next))) continue;
      const forMs = waitMs(next, nowMs);
      const count = next.guesses?.count;
      if (forMs > 0) log.warn('admin.throttled', { source: this.#source, count, forMs });
      return { kind: 'open' };
    }
    return { kind: 'shut', waitMs: contendedWaitMs };
  }

  /** It was right. Should others keep writing, the next time it is a guess again. */
  async proven(hash: Buffer): Promise<void> {
    if (this.#isKnown) return;
    const sealed = this.#sealer.seal(hash, this.#context);
    const provenMs = this.#ports.clock.nowMs();
    await this.#change((record) => withProof(record, { hub: this.#hub, sealed, provenMs }));
  }

  /** It was wrong. What was known turned into a guess, which is counted now. */
  async failed(): Promise<void> {
    if (!this.#isKnown) return;
    const nowMs = this.#ports.clock.nowMs();
    await this.#change((record) => withGuess(withoutProof(record, this.#hub), nowMs));
  }

  get #record(): DoorRecord {
    return this.#seen ?? { known: [] };
  }

  get #context(): string {
    return sealContext.adminDoor(this.#source, this.#hub);
  }

  #knows(hash: Buffer): boolean {
    const own = stillKnown(this.#record, this.#ports.clock.nowMs()).find(
      ({ hub }) => hub === this.#hub,
    );
    const known = own && this.#sealer.open(own.sealed, this.#context);
    return known?.length === hash.length && timingSafeEqual(known, hash);
  }

  async #change(change: (record: DoorRecord) => DoorRecord): Promise<void> {
    for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
      if (await this.#replace(change(this.#record))) return;
    }
  }

  async #replace(record: DoorRecord): Promise<boolean> {
    const { adminDoors } = this.#ports.stores;
    const outcome = await adminDoors.replace(this.#source, record, this.#seen);
    this.#seen = outcome.kind === 'written' ? outcome.stored : outcome.current;
    return outcome.kind === 'written';
  }
}
