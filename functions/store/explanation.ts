import * as z from 'zod';
import { explanationCharsMax } from '#shared/contract/ticket.ts';
import { memberId } from '#shared/kernel/ids.ts';
import { type Considered, verdicts } from '../domain/admission.ts';

/** Why a login went where it went: what is told of one decision. */
export interface Explanation {
  readonly atMs: number;
  readonly reason: string;
  /** Times everything was read anew because others were faster. */
  readonly rounds: number;
  /** Members that were looked at. */
  readonly looked: number;
  /** Some of them: the chosen one first, if one was, then those that came nearest. */
  readonly candidates: readonly Considered[];
}

/** As many candidates are kept: the question is why this one, and not its best rivals. */
const candidatesMax = 5;

const whole = z.number().int();
/** A list of lists: names would take more room than what they name. */
const compactSchema = z.tuple([
  whole,
  z.string(),
  whole,
  whole,
  z.array(z.tuple([z.string(), z.enum(verdicts), whole, whole, whole, whole])),
]);

/** As it travels with a grant and is kept: as many candidates as there is room for. */
export function encodeExplanation(explanation: Explanation): string {
  const { atMs, reason, rounds, looked, candidates } = explanation;
  for (let kept = Math.min(candidates.length, candidatesMax); ; kept -= 1) {
    const rows = candidates
      .slice(0, kept)
      .map((one) => [
        one.member,
        one.verdict,
        Math.round(one.point),
        one.sessions,
        one.reserved,
        one.awaited,
      ]);
    const text = JSON.stringify([atMs, reason, rounds, looked, rows]);
    if (text.length <= explanationCharsMax || kept === 0) return text;
  }
}

/** Undefined for what another version wrote in its own way: it is only for people. */
export function decodeExplanation(text: string | undefined): Explanation | undefined {
  const parsed = compactSchema.safeParse(jsonOf(text ?? ''));
  if (!parsed.success) return undefined;
  const [atMs, reason, rounds, looked, rows] = parsed.data;
  const candidates = rows.map(([member, verdict, point, sessions, reserved, awaited]) => ({
    member: memberId(member),
    verdict,
    point,
    sessions,
    reserved,
    awaited,
  }));
  return { atMs, reason, rounds, looked, candidates };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
