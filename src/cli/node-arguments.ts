/** Argument kinds of commands that speak to nodes. */
import { InvalidArgumentError } from 'commander';

/** For `-t <seconds>`: fractions are fine. */
export function seconds({ min, max }: { min: number; max: number }): (given: string) => number {
  return (given) => {
    const number = Number(given);
    if (/^\d{1,6}(\.\d{1,3})?$/.test(given) && number >= min && number <= max) return number;
    throw new InvalidArgumentError(`It must be a number of seconds from ${min} to ${max}.`);
  };
}

/** For `-d <names>`, separated by commas. */
export function names(given: string): readonly string[] {
  return given
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}
