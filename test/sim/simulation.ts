import { convergeMs, missing } from './convergence.ts';
import type { Violation } from './invariants.ts';
import { Operators } from './operators.ts';
import { drawOptions, type SimOptions } from './options.ts';
import { type Plants, World } from './world.ts';

export interface SimResult {
  readonly seed: number;
  readonly options: SimOptions;
  readonly violation: Violation | undefined;
  /** Virtual time from the end of the accidents until all was well. */
  readonly convergedMs: number;
  readonly events: number;
  /** Equal for equal runs. */
  readonly digest: string;
  readonly lastEvents: readonly string[];
}

/** How often convergence is looked at. */
const lookEveryMs = 250;

/** One seed: accidents while the invariants hold, then peace, and everything must come right. */
export async function simulate(
  seed: number,
  given: { readonly plants?: Plants; readonly print?: (line: string) => void } = {},
): Promise<SimResult> {
  const options = drawOptions(seed);
  const world = new World({ options, ...given });
  await world.setUp();
  world.start();
  new Operators(world).start();
  await world.time.run(options.chaosMs, () => world.invariants.check());
  let violation = world.invariants.violation;
  let convergedMs = 0;
  if (violation === undefined) {
    await world.heal();
    const healedMs = world.time.nowMs;
    let lookAtMs = healedMs + lookEveryMs;
    let reason = missing(world);
    await world.time.run(healedMs + convergeMs, () => {
      if (world.invariants.check()) return true;
      if (world.time.nowMs < lookAtMs) return false;
      lookAtMs = world.time.nowMs + lookEveryMs;
      reason = missing(world);
      return reason === undefined;
    });
    convergedMs = world.time.nowMs - healedMs;
    violation = world.invariants.violation;
    if (violation === undefined && reason !== undefined) {
      violation = { invariant: 'convergence', what: `after ${convergeMs} ms still: ${reason}` };
    }
  }
  return {
    seed,
    options,
    violation,
    convergedMs,
    events: world.time.events,
    digest: world.trace.digest,
    lastEvents: world.trace.last,
  };
}

/** What a person needs to see of a run that failed. */
export function stringifyFailure(result: SimResult): string {
  const { seed, violation, lastEvents } = result;
  return [
    ...lastEvents,
    `seed ${seed}: ${violation?.invariant}: ${violation?.what}`,
    `replay: npm run test:sim -- --seed ${seed} --verbose`,
  ].join('\n');
}
