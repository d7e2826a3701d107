import { afterOneMore, type Failures, forgottenAtMs } from './throttle.ts';

/** A password that was right when it last came from there, for the server or one hub. */
export interface KnownPassword {
  /** Empty for the server, else the hub's name, keyed. */
  readonly hub: string;
  /** Its hash, sealed: whoever reads the table cannot try passwords on it. */
  readonly sealed: Uint8Array<ArrayBuffer>;
  readonly provenMs: number;
}

/** What one source has tried at the administration lately, and what it has proven (ADR 0024). */
export interface DoorRecord {
  readonly guesses?: Failures | undefined;
  readonly known: readonly KnownPassword[];
}

/** Guesses of one source within a minute before it has to wait. */
export const freeGuesses = 20;
/** Passwords of one source that are known to be right. */
const knownMax = 16;
/** A password that did not come for so long is a guess again. */
const knownForMs = 30 * 86_400_000;

/** How long nothing that is not known is looked at; 0: it is. */
export function waitMs({ guesses }: DoorRecord, nowMs: number): number {
  return Math.max(0, (guesses?.lockedUntilMs ?? 0) - nowMs);
}

/** The record with one more guess under way: it counts before it is looked at. */
export function withGuess(record: DoorRecord, nowMs: number, free = freeGuesses): DoorRecord {
  return { ...record, guesses: afterOneMore(record.guesses, free, nowMs) };
}

/**
 * The record after a guess turned out right: it is known now, and counts no more. Others' guesses
 * do: whoever has a hub's password could otherwise try the server's as often as wanted.
 */
export function withProof(
  record: DoorRecord,
  proven: KnownPassword,
  free = freeGuesses,
): DoorRecord {
  const { guesses } = record;
  const others = record.known.filter(({ hub }) => hub !== proven.hub);
  const known = [...others.slice(-(knownMax - 1)), proven];
  if (guesses === undefined || guesses.count <= 1) return { known };
  const count = guesses.count - 1;
  const lockedUntilMs = count < free ? 0 : guesses.lockedUntilMs;
  return { guesses: { ...guesses, count, lockedUntilMs }, known };
}

/** The record after what was known turned out wrong: the password was changed. */
export function withoutProof(record: DoorRecord, hub: string): DoorRecord {
  return { ...record, known: record.known.filter((one) => one.hub !== hub) };
}

/** Those that still count as known. */
export function stillKnown({ known }: DoorRecord, nowMs: number): readonly KnownPassword[] {
  return known.filter(({ provenMs }) => nowMs - provenMs < knownForMs);
}

/** From then on the record says nothing. */
export function doorForgottenMs({ guesses, known }: DoorRecord): number {
  const guessed = guesses === undefined ? 0 : forgottenAtMs(guesses);
  return Math.max(guessed, ...known.map(({ provenMs }) => provenMs + knownForMs));
}
