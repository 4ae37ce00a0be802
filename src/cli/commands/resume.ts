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

async function runResume(cli: Cli, given: string, { reason, tasks }: ResumeFlags): Promise<void> {
  const [{ withApp }, { requireName }, { resume }, { currentActor }] = await Promise.all([
    import('../kit/servers.ts'),
    import('../../services/observe/queues.ts'),
    import('../../services/observe/pauses.ts'),
    import('../kit/actor.ts'),
  ]);
  const wasPaused = await withApp(
    cli,
    async (app) => {
      const name = requireName('queue', given, app.queues.names);
      // Somebody may have paused it with BullMQ's own tools, of which no row tells.
      const wasPausedInRedis = await app.queues.get(name).isPaused();
      const change = { actor: currentActor(), reason: reason ?? null };
      return (await resume(app, { kind: 'queue', name }, change)) || wasPausedInRedis;
    },
    { taskFolders: tasks },
  );
  if (cli.json) cli.document({ success: true, queue: given, paused: false, was_paused: wasPaused });
  else cli.out(wasPaused ? `${given} goes on.` : `${given} was not paused.`);
}
