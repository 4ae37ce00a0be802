/** `vambe pause`: a queue starts no further jobs. */
import type { Command } from 'commander';
import type { Cli } from '../kit/cli.ts';
import { futureMoment, taskFolders, withExample } from '../kit/help.ts';

interface PauseFlags {
  readonly reason?: string;
  readonly until?: string;
  readonly tasks?: readonly string[];
}

export function register(program: Command, cli: Cli): void {
  const command = program
    .command('pause')
    .description('pause a queue: jobs are accepted and wait, what runs goes on; it outlives an emptied Redis')
    .argument('<queue>', 'name of the queue, as "vambe queues" lists them')
    .option('--reason <text>', 'why, for the record and for people who look at the queue')
    .option('--until <time>', 'resume it then by itself: 30m, 2h, 1d from now, or a time in ISO 8601', futureMoment)
    .option(...taskFolders)
    .action((queue: string, flags: PauseFlags) => runPause(cli, queue, flags));
  withExample(command, 'vambe pause classification --reason "provider is down" --until 2h');
}

async function runPause(cli: Cli, queue: string, { reason, until, tasks }: PauseFlags): Promise<void> {
  const [{ withCore }, { currentActor }, { pauseQueueByName }, { toPauseDocument }, { describeEnd }] =
    await Promise.all([
      import('../kit/servers.ts'),
      import('../kit/actor.ts'),
      import('../../services/observe/pauses.ts'),
      import('../../contract/queues.ts'),
      import('../kit/times.ts'),
    ]);
  const change = { queue, actor: currentActor(), reason: reason ?? null, until: until ?? null };
  const { isNew, running } = await withCore(cli, (app) => pauseQueueByName(app, change), { taskFolders: tasks });
  if (cli.json) return cli.document(toPauseDocument(queue, { isNew, running, until: change.until }));
  const end = until === undefined ? `"vambe resume ${queue}" ends it` : `until ${describeEnd(cli, until, Date.now())}`;
  cli.out(`${queue} is ${isNew ? 'paused' : 'paused still, with the new reason and end'}: ${end}.`);
  if (running > 0) cli.note(`vambe: ${running === 1 ? '1 job is' : `${running} jobs are`} processing and will finish.`);
}
