/** What every command's help ends with, and the argument kinds that commands share. */
import { type Command, InvalidArgumentError } from 'commander';
import { parseMoment } from '../../core/moment.ts';
import { didYouMean } from '../../core/nearest-name.ts';

/** Adds the example that each command's `--help` ends with. */
export function withExample(command: Command, ...lines: readonly [string, ...string[]]): Command {
  const title = lines.length === 1 ? 'Example' : 'Examples';
  return command.addHelpText('after', `\n${title}:\n${lines.map((line) => `  $ ${line}`).join('\n')}`);
}

/** The option of commands that know tasks: `.option(...taskFolders)`. */
export const taskFolders = [
  '--tasks <folder>',
  'task files of your own; may be given more than once',
  (given: string, before: readonly string[] = []): readonly string[] => [...before, given],
] as const;

/** The options of commands that act on jobs, named by id or chosen by a filter. */
export function withJobSelection(command: Command): Command {
  return command
    .option('-f, --filter <filter>', filterHelp)
    .option('-y, --yes', 'with --filter: do not ask first')
    .option('--dry-run', 'with --filter: only count, and list the first ids')
    .option('--reason <text>', 'why, for the record');
}

/** The help text of `--filter`, the same in every command. */
export const filterHelp =
  'only jobs for which all terms hold: state, id, task, queue, origin, worker, error or meeting with = or != (a comma is "or"); accepted, started or finished with <, <=, > or >= and a date or how long ago (3h, 2d)';

/** For `.option('--format <format>', '…', oneOf(['csv', 'json']))`: a value near one of them gets a suggestion. */
export function oneOf<const T extends string>(choices: readonly T[]): (given: string) => T {
  return (given) => {
    const found = choices.find((each) => each === given);
    if (found !== undefined) return found;
    throw new InvalidArgumentError(`It must be one of ${choices.join(', ')}.${didYouMean(given, choices)}`);
  };
}

/** For `.option('--concurrency <jobs>', '…', wholeNumber({ min: 1, max: 1000 }))`. */
export function wholeNumber(range: { min: number; max: number }): (given: string) => number {
  return (given) => {
    const number = Number(given);
    if (/^\d{1,15}$/.test(given) && number >= range.min && number <= range.max) return number;
    throw new InvalidArgumentError(`It must be a whole number from ${range.min} to ${range.max}.`);
  };
}

/** For `.option('--until <time>', '…', futureMoment)`: `30m`, `2h`, `2026-11-01`, `2026-11-01T09:30+01:00`; ISO 8601 in UTC. */
export function futureMoment(given: string): string {
  const nowMs = Date.now();
  const at = parseMoment(given, { nowMs, direction: 'future' });
  if (at === undefined)
    throw new InvalidArgumentError('It must be how long from now (30m, 2h, 1d) or a time such as 2026-11-01T09:30Z.');
  if (Date.parse(at) <= nowMs) throw new InvalidArgumentError(`It must be a moment to come, and ${at} is over.`);
  return at;
}

/** For `.option('--since <time>', '…', pastMoment)`: as `futureMoment`, `2h` meaning two hours ago. */
export function pastMoment(given: string): string {
  const at = parseMoment(given, { nowMs: Date.now(), direction: 'past' });
  if (at === undefined)
    throw new InvalidArgumentError('It must be how long ago (30m, 2h, 1d) or a time such as 2026-11-01T09:30Z.');
  return at;
}
