import { Command, InvalidArgumentError } from 'commander';

/** Told apart from a run that found something, which ends with 1. */
const usageStatus = 2;

/** A tool of this repository, as `npm run` starts it; what it cannot mean, it says and ends. */
export function tool(script: string, description: string): Command {
  return new Command(`npm run ${script} --`)
    .description(description)
    .helpOption('--help', 'tell this')
    .showHelpAfterError('(--help lists what there is)')
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : usageStatus));
}

/** Reads an option: a whole number within bounds. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (number >= min && number <= max) return number;
    throw new InvalidArgumentError(`expected a whole number from ${min} to ${max}`);
  };
}

/** Reads an option: more than nothing, such as seconds. */
export function amount(max: number): (text: string) => number {
  return (text) => {
    const number = /^\d{1,9}(\.\d{1,9})?$/.test(text) ? Number(text) : Number.NaN;
    if (number > 0 && number <= max) return number;
    throw new InvalidArgumentError(`expected a number above 0, at most ${max}`);
  };
}

/** Reads an option: whole numbers within bounds, between commas. */
export function wholeNumbers(min: number, max: number): (text: string) => readonly number[] {
  return (text) => text.split(',').map(wholeNumber(min, max));
}

/** Reads an option: some of `all`, between commas; in the order of `all`. */
export function someOf<T extends string>(all: readonly T[]): (text: string) => readonly T[] {
  return (text) => {
    const names = text.split(',');
    const unknown = names.find((name) => !all.some((one) => one === name));
    if (unknown === undefined) return all.filter((one) => names.includes(one));
    throw new InvalidArgumentError(`there is no "${unknown}", only ${all.join(', ')}`);
  };
}
