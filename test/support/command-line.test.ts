import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { amount, someOf, wholeNumber, wholeNumbers } from './command-line.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { scripts } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8')) as {
  scripts: Record<string, string>;
};
/** What scripts start with Node; the others are tools of somebody else. */
const programs = Object.entries(scripts).flatMap(([script, command]) => {
  const [, argv] = /^(?:exec )?node (.+)$/.exec(command) ?? [];
  return argv === undefined ? [] : [{ script, argv: argv.split(' ') }];
});

for (const { script, argv } of programs) {
  test(`npm run ${script} -- --help: a usage, and nothing is begun`, async () => {
    const { status, out, err } = await started([...argv, '--help']);
    assert.deepEqual([status, err], [0, ''], err);
    assert.match(out, /^Usage: (npm|etherfleet)/);
  });
}

const mistakes: Record<string, [string, string[], RegExp]> = {
  'an option there is not': ['test/sim/main.ts', ['--sed', '7'], /unknown option.*sed.*--help/s],
  'no number': ['test/sim/main.ts', ['--seed', 'x'], /'x' is invalid.*whole number/],
  'what is not hexadecimal': ['test/fuzz/main.ts', ['--input', '0g'], /hexadecimal/],
  'a target there is not': ['test/fuzz/main.ts', ['--target', 'nose'], /choices are pack,/],
  'a word too many': ['test/bench/placement.ts', ['7'], /too many arguments/],
};
for (const [title, [program, args, expected]] of Object.entries(mistakes)) {
  test(`${title}: a sentence, no stack, and status 2`, async () => {
    const { status, err } = await started(['--import', 'tsx', program, ...args]);
    assert.equal(status, 2);
    assert.match(err, expected);
    assert.doesNotMatch(err, /\n\s+at /);
  });
}

test('numbers are within their bounds, names are among those there are', () => {
  assert.equal(wholeNumber(0, 7)('7'), 7);
  assert.deepEqual(wholeNumbers(1, 8)('1,8'), [1, 8]);
  assert.equal(amount(2)('0.5'), 0.5);
  assert.deepEqual(someOf(['a', 'b', 'c'])('c,a'), ['a', 'c']);
  for (const text of ['', '-1', '8', '1.5', '1e1', 'x', 'NaN']) {
    assert.throws(() => wholeNumber(0, 7)(text), /whole number from 0 to 7/, text);
  }
  for (const text of ['', '0', '2.1', '1e0', 'x', 'NaN', 'Infinity']) {
    assert.throws(() => amount(2)(text), /above 0, at most 2/, text);
  }
  assert.throws(() => wholeNumbers(1, 8)('1,,8'), /whole number/);
  assert.throws(() => someOf(['a', 'b'])('a,z'), /there is no "z", only a, b/);
});

interface Ended {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

function started(argv: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, argv, { cwd: root }, (_, out, err) =>
      resolve({ status: child.exitCode ?? -1, out, err }),
    );
  });
}
