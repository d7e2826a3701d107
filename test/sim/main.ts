import { tool, wholeNumber } from '#test/support/command-line.ts';
import { drawOptions, stringifyOptions } from './options.ts';
import { simulate, stringifyFailure } from './simulation.ts';

const seedsMax = 999_999_999;
const seedOption = wholeNumber(0, seedsMax);
const options = tool(
  'test:sim',
  'Simulate the whole cluster under accidents; see test/sim/README.md.',
)
  .option('--seeds <N>', 'so many runs', wholeNumber(1, seedsMax), 100)
  .option('--from <SEED>', 'the first of them', seedOption, 1)
  .option('--seed <SEED>', 'this run alone', seedOption)
  .option('--verbose', 'print everything that happens', false)
  .option('--quiet', 'print only what fails', false)
  .parse()
  .opts<{ seeds: number; from: number; seed?: number; verbose: boolean; quiet: boolean }>();

const from = options.seed ?? options.from;
const count = options.seed === undefined ? options.seeds : 1;
const failed: number[] = [];
for (let seed = from; seed < from + count; seed++) {
  if (!options.quiet) console.log(stringifyOptions(drawOptions(seed)));
  const result = await simulate(seed, {
    ...(options.verbose && { print: (line: string) => console.log(line) }),
  });
  if (result.violation === undefined) {
    if (options.quiet) continue;
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
