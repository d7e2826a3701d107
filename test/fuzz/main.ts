// Looks for inputs on which what strangers send is misread.
//
//   npm run fuzz -- --seconds 60                 a minute in all
//   npm run fuzz -- --seconds 60 --target hub    on one target: pack, http, stream, packet, hub
//   npm run fuzz -- --seed 42 --target hub       as a run before that printed its seed
//   npm run fuzz -- --target hub --input 0242…   one input, as a fault was printed
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { type Fault, searchAtRandom, searchByCoverage } from './search.ts';
import type { Target } from './target.ts';
import { targets } from './targets.ts';

const secondsDefault = 30;
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: `${secondsDefault}` },
    seed: { type: 'string' },
    target: { type: 'string' },
    input: { type: 'string' },
  },
});
const chosen = targets.filter(({ name }) => values.target === undefined || name === values.target);
if (chosen.length === 0)
  fail(`no target ${values.target}: ${targets.map(({ name }) => name).join(', ')}`);

if (values.input !== undefined) {
  for (const target of chosen) target.run(Buffer.from(values.input, 'hex'));
  say('no fault');
} else {
  const seed = Number(values.seed ?? randomInt(2 ** 31));
  say(`seed ${seed}`);
  const milliseconds = (1_000 * Number(values.seconds)) / chosen.length;
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
