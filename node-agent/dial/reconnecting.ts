import type { Cancel } from '#shared/kernel/clock.ts';
import { between } from '#shared/kernel/random.ts';
import { clientRetry } from '#shared/wire/error-code.ts';
import { dial } from './dial.ts';
import { DialError, type DialFailure } from './dial-error.ts';
import type { DialOptions } from './dial-options.ts';
import type { DialedSession, SessionEnd } from './dialed-session.ts';

/** Genuine clients accept 5 s to 300 s and retry for ever. */
const defaultRetryIntervalMs = 5_000;
/** After errors 10, 16, 20 and 21 (`protocol/02` §9). */
const defaultLongRetryMs = 60_000;
/** Cascades spread their retries by ±20 % (`protocol/04` §2); so do we, unless told otherwise. */
const defaultRetryJitter = 0.2;

export interface ReconnectingOptions extends Omit<DialOptions, 'followRedirect' | 'signal'> {
  readonly retryIntervalMs?: number;
  readonly longRetryMs?: number;
  /** Part of the interval by which it varies in both directions; 0 as a genuine client account. */
  readonly retryJitter?: number;
  readonly onState?: (state: ReconnectingState) => void;
}

/** Why there is no session now. */
export type Setback =
  | { readonly kind: 'rejected'; readonly code: number; readonly by: string }
  | { readonly kind: 'failed'; readonly failure: DialFailure; readonly message: string }
  | { readonly kind: 'ended'; readonly end: SessionEnd };

export type ReconnectingState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'connected'; readonly session: DialedSession }
  | { readonly kind: 'waiting'; readonly retryMs: number; readonly after: Setback }
  | { readonly kind: 'closed' };

/**
 * A session that comes back, as a genuine client's does: whatever ended it, after the retry
 * interval it starts again at the configured front door, with the original credential.
 */
export class ReconnectingSession {
  readonly #options: ReconnectingOptions;
  readonly #abort = new AbortController();
  /** One installation, however often it connects. */
  readonly #uniqueId: Buffer;
  #state: ReconnectingState = { kind: 'connecting' };
  #sessions = 0;
  #framesDropped = 0;
  #wake: () => void = () => undefined;
  readonly #done: Promise<void>;

  /** Starts at once; call {@link close} to end it. */
  constructor(options: ReconnectingOptions) {
    this.#options = options;
    this.#uniqueId = options.uniqueId ?? options.random.bytes(16);
    this.#done = Promise.resolve().then(() => this.#run());
  }

  get state(): ReconnectingState {
    return this.#state;
  }

  /** The session of this moment. */
  get session(): DialedSession | undefined {
    return this.#state.kind === 'connected' ? this.#state.session : undefined;
  }

  /** Sessions so far. */
  get sessions(): number {
    return this.#sessions;
  }

  /** Frames given to {@link send} while there was no session. */
  get framesDropped(): number {
    return this.#framesDropped;
  }

  /** As {@link DialedSession.send}; without a session the frames are dropped. */
  send(frames: readonly Buffer[]): boolean {
    if (this.#state.kind === 'connected') return this.#state.session.send(frames);
    this.#framesDropped += frames.length;
    return false;
  }

  /** End the session and stop coming back. Resolves when nothing is left. */
  async close(): Promise<void> {
    this.#abort.abort('cancelled');
    this.#wake();
    const { session } = this;
    await session?.close();
    await this.#done;
  }

  get #closed(): boolean {
    return this.#abort.signal.aborted;
  }

  async #run(): Promise<void> {
    while (!this.#closed) {
      this.#enter({ kind: 'connecting' });
      const setback = await this.#once();
      if (this.#closed) break;
      const retryMs = this.#retryMs(setback);
      this.#enter({ kind: 'waiting', retryMs, after: setback });
      await this.#wait(retryMs);
    }
    this.#enter({ kind: 'closed' });
  }

  /** One attempt, and the session it leads to until its end. */
  async #once(): Promise<Setback> {
    const { signal } = this.#abort;
    try {
      const outcome = await dial({ ...this.#options, uniqueId: this.#uniqueId, signal });
      if (outcome.kind === 'rejected') return outcome;
      if (outcome.kind === 'redirected') {
        return { kind: 'failed', failure: 'protocol', message: 'redirected, and told to stay' };
      }
      this.#sessions += 1;
      if (this.#closed) await outcome.session.close();
      else this.#enter({ kind: 'connected', session: outcome.session });
      return { kind: 'ended', end: await outcome.session.ended };
    } catch (error) {
      if (!(error instanceof DialError)) throw error;
      return { kind: 'failed', failure: error.failure, message: error.message };
    }
  }

  #retryMs(setback: Setback): number {
    const { random, retryIntervalMs, longRetryMs, retryJitter } = this.#options;
    const long = setback.kind === 'rejected' && clientRetry(setback.code) === 'after-60s';
    const interval = long
      ? (longRetryMs ?? defaultLongRetryMs)
      : (retryIntervalMs ?? defaultRetryIntervalMs);
    const jitter = retryJitter ?? defaultRetryJitter;
    return interval * between(random, 1 - jitter, 1 + jitter);
  }

  #wait(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      let cancel: Cancel = () => undefined;
      this.#wake = () => {
        cancel();
        resolve();
      };
      cancel = this.#options.timers.after(delayMs, this.#wake);
    });
  }

  #enter(state: ReconnectingState): void {
    this.#state = state;
    this.#options.onState?.(state);
  }
}
