import fc from 'fast-check';
import { Coverage } from './coverage.ts';
import { drawMutations, mutated, mutations } from './mutation.ts';
import type { Target } from './target.ts';

/** An input on which a target failed, and how to see it again. */
export interface Fault {
  readonly target: string;
  readonly seed: number;
  readonly input: string;
  readonly error: string;
}

export interface Budget {
  readonly seed: number;
  /** Whether to go on. */
  readonly goOn: () => boolean;
}

export interface Found {
  readonly runs: number;
  readonly fault?: Fault | undefined;
}

const runsAtOnce = 200;

/** Changed seeds at random; a fault is made as small as fast-check can. */
export function searchAtRandom(target: Target, { seed, goOn }: Budget): Found {
  const pick = fc.nat(target.seeds.length - 1);
  let runs = 0;
  for (let round = 0; goOn(); round++) {
    const property = fc.property(pick, pick, mutations, (one, other, changes) => {
      const base = target.seeds[one] as Buffer;
      const input = mutated(base, changes, target.seeds[other] as Buffer);
      try {
        target.run(input);
      } catch (error) {
        throw new Error(`${describe(error)}\ninput ${input.toString('hex')}`);
      }
    });
    const result = fc.check(property, { seed: seed + round, numRuns: runsAtOnce });
    runs += result.numRuns;
    if (result.failed) {
      const error = describe(result.errorInstance);
      const input = /input ([0-9a-f]*)/.exec(error)?.[1] ?? '';
      return { runs, fault: { target: target.name, seed: seed + round, input, error } };
    }
  }
  return { runs };
}

/** Keeps each changed input that reaches what no other has reached, and changes it further. */
export function searchByCoverage(
  target: Target,
  { seed, goOn }: Budget,
): Found & {
  readonly reached: number;
  readonly kept: number;
} {
  const below = generator(seed);
  const coverage = new Coverage(target.files);
  const corpus = [...target.seeds];
  let runs = 0;
  try {
    while (goOn()) {
      const isSeed = runs < target.seeds.length;
      const base = (isSeed ? corpus[runs] : corpus[below(corpus.length)]) as Buffer;
      const other = corpus[below(corpus.length)] as Buffer;
      const input = isSeed ? base : mutated(base, drawMutations(below), other);
      runs += 1;
      try {
        target.run(input);
      } catch (error) {
        const fault = {
          target: target.name,
          seed,
          input: input.toString('hex'),
          error: describe(error),
        };
        return { runs, fault, reached: coverage.reached, kept: corpus.length };
      }
      if (coverage.reachedNew() && !isSeed) corpus.push(input);
    }
    return { runs, reached: coverage.reached, kept: corpus.length };
  } finally {
    coverage.close();
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** The same numbers for the same seed: uniform in [0, limit). */
function generator(seed: number): (limit: number) => number {
  let state = seed >>> 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 0x100000000) * limit);
  };
}
