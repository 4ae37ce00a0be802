/** `vambe shadow`: what a Python worker saves, beside what ours would. */
import type { Command } from 'commander';
import type { Cli } from '../kit/cli.ts';
import { futureMoment, pastMoment, wholeNumber, withExample } from '../kit/help.ts';

interface ShadowFlags {
  readonly for?: string;
  readonly since?: string;
  readonly limit?: number;
  readonly examples: number;
  readonly html?: string;
  readonly yes?: boolean;
}

export function register(program: Command, cli: Cli): void {
  const command = program
    .command('shadow')
    .description('compare what a Python worker saves with what this one would; reads rows alone, writes nothing')
    .option('--for <time>', 'end after that, such as 10m; unset: Ctrl-C ends it', futureMoment)
    .option('--since <time>', 'also rows saved since then (2h, 2026-11-01); without --for, those alone', pastMoment)
    .option('--limit <rows>', 'end after so many rows', wholeNumber({ min: 1, max: 10_000_000 }))
    .option('--examples <rows>', 'differences to show for each field', wholeNumber({ min: 0, max: 1_000 }), 3)
    .option('--html <file>', 'also write a page with a chart: one file, no network')
    .option('-y, --yes', 'ask the model even though it costs money; no reply is kept')
    .addHelpText(
      'after',
      `
Needs DATABASE_URL or POSTGRES_*, and no Redis: no message is touched. The session is read-only. Exit code 3: no row was
compared; 4: this worker had no answer for some. Differences are no fault.`,
    )
    .action(async ({ for: until, examples: mostExamples, yes, ...flags }: ShadowFlags) => {
      const { runShadow } = await import('../run-shadow.ts');
      await runShadow(cli, { ...flags, until, mostExamples, mayPay: yes === true });
    });
  withExample(command, 'vambe shadow --for 10m --html shadow.html', 'vambe shadow --since 1d --limit 500 --json');
}
