/** `vambe up`: everything on this machine: servers where needed, schema, sample meetings, a worker, and a summary. */
import type { Command } from 'commander';
import type { Cli } from '../kit/cli.ts';
import { wholeNumber, withExample } from '../kit/help.ts';

interface UpFlags {
  readonly exitWhenIdle?: boolean;
  readonly concurrency?: number;
  readonly samples: boolean;
}

export function register(program: Command, cli: Cli): void {
  const command = program
    .command('up')
    .description('everything on this machine: servers where needed, sample meetings, a worker')
    .option('--exit-when-idle', 'end when the queue is empty')
    .option('--no-samples', 'leave an empty database empty')
    .option('-c, --concurrency <jobs>', 'jobs at once (WORKER_CONCURRENCY)', wholeNumber({ min: 1, max: 1000 }))
    .action(async (flags: UpFlags) => {
      const { runUp } = await import('../up.ts');
      await runUp(cli, flags);
    });
  withExample(command, 'vambe up', 'vambe up --exit-when-idle');
}
