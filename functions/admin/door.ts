import {
  type DoorRecord,
  freeGuesses,
  stillKnown,
  waitMs,
  withGuess,
  withoutProof,
  withProof,
} from '../domain/admin-door.ts';
import { type Sealer, sealContext } from '../domain/sealing.ts';
import type { StoredDoor } from '../store/admin-door-store.ts';
import type { AdminPorts } from './method.ts';

/** A guess is written down against so many others at the same moment; then it has to come back. */
const attemptsMax = 8;
const contendedWaitMs = 1_000;

export type Entry =
  /** Look at the password. `isKnown`: it was right before, and counts nowhere. */
  | { readonly kind: 'open'; readonly isKnown: boolean }
  /** Do not, whatever it is, for so long. */
  | { readonly kind: 'shut'; readonly waitMs: number };

/** Whose guesses are counted together. */
export interface GuessSource {
  readonly key: string;
  /** Guesses within a minute before it has to wait. */
  readonly free?: number;
}

/**
 * Lets one source try passwords at a bounded rate (ADR 0024). A password that was right before is
 * no guess: it costs one read and no write, and is looked at however many others guess from there.
 */
export class Door {
  readonly #ports: AdminPorts;
  readonly #sealer: Sealer;
  readonly #source: string;
  readonly #hub: string;
  readonly #free: number;
  #seen: StoredDoor | undefined;
  #isKnown = false;

  /** `hub`: keyed; empty for the server. */
  constructor(ports: AdminPorts, sealer: Sealer, source: GuessSource, hub: string) {
    this.#ports = ports;
    this.#sealer = sealer;
    this.#source = source.key;
    this.#free = source.free ?? freeGuesses;
    this.#hub = hub;
  }

  /**
   * Before a password is looked at: of guesses under way together, each counts. `isHashOf`: whether
   * what was sent proves the password with this hash.
   */
  async enter(isHashOf: (hash: Buffer) => boolean): Promise<Entry> {
    const { clock, log, stores } = this.#ports;
    this.#seen = await stores.adminDoors.get(this.#source);
    this.#isKnown = this.#knows(isHashOf);
    if (this.#isKnown) return { kind: 'open', isKnown: true };
    for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
      const nowMs = clock.nowMs();
      const waitsMs = waitMs(this.#record, nowMs);
      if (waitsMs > 0) return { kind: 'shut', waitMs: waitsMs };
      const next = withGuess(this.#record, nowMs, this.#free);
      if (!(await this.#replace(next))) continue;
      const forMs = waitMs(next, nowMs);
      const count = next.guesses?.count;
      if (forMs > 0) log.warn('admin.throttled', { source: this.#source, count, forMs });
      return { kind: 'open', isKnown: false };
    }
    return { kind: 'shut', waitMs: contendedWaitMs };
  }

  /** It was right. Should others keep writing, the next time it is a guess again. */
  async proven(hash: Buffer): Promise<void> {
    if (this.#isKnown) return;
    const sealed = this.#sealer.seal(hash, this.#context);
    const provenMs = this.#ports.clock.nowMs();
    const proven = { hub: this.#hub, sealed, provenMs };
    await this.#change((record) => withProof(record, proven, this.#free));
  }

  /** It was wrong. What was known turned into a guess, which is counted now. */
  async failed(): Promise<void> {
    if (!this.#isKnown) return;
    const nowMs = this.#ports.clock.nowMs();
    await this.#change((record) => withGuess(withoutProof(record, this.#hub), nowMs, this.#free));
  }

  get #record(): DoorRecord {
    return this.#seen ?? { known: [] };
  }

  get #context(): string {
    return sealContext.adminDoor(this.#source, this.#hub);
  }

  #knows(isHashOf: (hash: Buffer) => boolean): boolean {
    const own = stillKnown(this.#record, this.#ports.clock.nowMs()).find(
      ({ hub }) => hub === this.#hub,
    );
    const known = own && this.#sealer.open(own.sealed, this.#context);
    return known !== undefined && isHashOf(known);
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
