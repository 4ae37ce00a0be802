/** `vambe resume`: a paused queue goes on. */
import type { Command } from 'commander';
import type { Cli } from '../kit/cli.ts';
import { taskFolders, withExample } from '../kit/help.ts';

interface ResumeFlags {
  readonly reason?: string;
  readonly tasks?: readonly string[];
}

export function register(program: Command, cli: Cli): void {
  const command = program
    .command('resume')
    .description('let a paused queue go on')
    .argument('<queue>', 'name of the queue, as "vambe queues" lists them')
    .option('--reason <text>', 'why, for the record')
    .option(...taskFolders)
    .action((queue: string, flags: ResumeFlags) => runResume(cli, queue, flags));
  withExample(command, 'vambe resume classification');
}

async function runResume(cli: Cli, queue: string, { reason, tasks }: ResumeFlags): Promise<void> {
  const [{ withCore }, { currentActor }, { resumeQueueByName }, { toResumeDocument }] = await Promise.all([
    import('../kit/servers.ts'),
    import('../kit/actor.ts'),
    import('../../services/observe/pauses.ts'),
    import('../../contract/queues.ts'),
  ]);
  const change = { queue, actor: currentActor(), reason: reason ?? null };
  const wasPaused = await withCore(cli, (app) => resumeQueueByName(app, change), { taskFolders: tasks });
  if (cli.json) cli.document(toResumeDocument(queue, wasPaused));
  else cli.out(wasPaused ? `${queue} goes on.` : `${queue} was not paused.`);
}
