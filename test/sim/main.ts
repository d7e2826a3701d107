import { parseArgs } from 'node:util';
import { drawOptions, stringifyOptions } from './options.ts';
import { simulate, stringifyFailure } from './simulation.ts';

// The simulator from the command line; see README.md.
//
//   --seeds N --from S     N runs from seed S on; the options line of each comes first
//   --seed S --verbose     one run, with everything that happens
const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    verbose: { type: 'boolean', default: false },
    quiet: { type: 'boolean', default: false },
  },
});

const from = numberOf(values.seed ?? values.from);
const count = values.seed === undefined ? numberOf(values.seeds) : 1;
const failed: number[] = [];
for (let seed = from; seed < from + count; seed++) {
  if (!values.quiet) console.log(stringifyOptions(drawOptions(seed)));
  const result = await simulate(seed, {
    ...(values.verbose && { print: (line: string) => console.log(line) }),
  });
  if (result.violation === undefined) {
    if (values.quiet) continue;
    const seconds = (result.convergedMs / 1_000).toFixed(1);
    console.log(`ok: ${result.events} events, well after ${seconds} s, ${result.digest}`);
  } else {
    failed.push(seed);
    console.log(stringifyFailure(result));
  }
}
console.log(`${count - failed.length} of ${count} seeds clean`);
if (failed.length > 0) {
  console.log(`failed: ${failed.join(' ')}`);
  process.exitCode = 1;
}

function numberOf(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  console.error(`error: expected a number, not ${text}`);
  process.exit(2);
}
