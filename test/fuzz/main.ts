import { randomInt } from 'node:crypto';
import { InvalidArgumentError, Option } from 'commander';
import { amount, tool, wholeNumber } from '#test/support/command-line.ts';
import { type Fault, searchAtRandom, searchByCoverage } from './search.ts';
import type { Target } from './target.ts';
import { targets } from './targets.ts';

const names = targets.map(({ name }) => name);
const options = tool('fuzz', 'Look for inputs on which what strangers send is misread.')
  .option('--seconds <N>', 'for all targets together', amount(1_000_000), 30)
  .addOption(new Option('--target <NAME>', 'on one target alone').choices(names))
  .option('--seed <N>', 'as a run before that printed its seed', wholeNumber(0, 2 ** 31))
  .option('--input <HEX>', 'one input, as a fault was printed', bytesOf)
  .parse()
  .opts<{ seconds: number; target?: string; seed?: number; input?: Buffer }>();
const chosen = targets.filter(({ name }) => name === (options.target ?? name));

if (options.input !== undefined) {
  for (const target of chosen) target.run(options.input);
  say('no fault');
} else {
  const seed = options.seed ?? randomInt(2 ** 31);
  say(`seed ${seed}`);
  const milliseconds = (1_000 * options.seconds) / chosen.length;
  for (const target of chosen) fuzz(target, seed, milliseconds);
}

/** Half of the time at random, half guided by coverage, which is slower but goes deeper. */
function fuzz(target: Target, seed: number, milliseconds: number): void {
  // Guided first: once the engine has optimized the code it counts less exactly.
  const guided = searchByCoverage(target, { seed, goOn: until(milliseconds / 2) });
  report(guided.fault);
  const atRandom = searchAtRandom(target, { seed, goOn: until(milliseconds / 2) });
  report(atRandom.fault);
  say(
    `${target.name.padEnd(8)} ${atRandom.runs} inputs at random, ${guided.runs} guided: ` +
      `${guided.kept} kept, ${guided.reached} characters of source reached`,
  );
}

function bytesOf(hex: string): Buffer {
  if (/^([\da-f]{2})*$/i.test(hex)) return Buffer.from(hex, 'hex');
  throw new InvalidArgumentError('expected hexadecimal digits, two for each byte');
}

function until(milliseconds: number): () => boolean {
  const end = performance.now() + milliseconds;
  return () => performance.now() < end;
}

function report(fault: Fault | undefined): void {
  if (fault === undefined) return;
  const again = `npm run fuzz -- --target ${fault.target} --input ${fault.input}`;
  fail(`${fault.target} failed, seed ${fault.seed}\n${fault.error}\nagain: ${again}`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function fail(line: string): never {
  process.stderr.write(`${line}\n`);
  process.exit(1);
}
