/** `vambe queues`: what is queued, processing and failed in each queue, and which are paused. */
import type { Command } from 'commander';
import type { Cli } from '../kit/cli.ts';
import { withExample } from '../kit/help.ts';

export function register(program: Command, cli: Cli): void {
  const command = program
    .command('queues')
    .description('each queue: what is queued, processing and failed, since when, and whether it is paused')
    .action(() => runQueues(cli));
  withExample(command, 'vambe queues', 'vambe queues --json');
}

async function runQueues(cli: Cli): Promise<void> {
  const [{ withCore }, { readQueues }, { toQueuesDocument }, { describeQueues }] = await Promise.all([
    import('../kit/servers.ts'),
    import('../../services/observe/queues.ts'),
    import('../../contract/queues.ts'),
    import('../print/queues.ts'),
  ]);
  const queues = await withCore(cli, (app) => readQueues(app));
  if (cli.json) cli.document(toQueuesDocument(queues));
  else cli.out(describeQueues(cli, queues, Date.now()));
}
