/** `vambe pause`: a queue starts nothing any more. */
import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { taskFolders, withExample } from '../help.ts';
import { futureMoment } from '../moment-argument.ts';

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
    .option('--reason <text>', 'why, for the record and for whoever looks at the queue')
    .option('--until <time>', 'resume it then by itself: 30m, 2h, 1d from now, or a time in ISO 8601', futureMoment)
    .option(...taskFolders)
    .action((queue: string, flags: PauseFlags) => runPause(cli, queue, flags));
  withExample(command, 'vambe pause classification --reason "provider is down" --until 2h');
}

async function runPause(cli: Cli, given: string, { reason, until, tasks }: PauseFlags): Promise<void> {
  const [{ withApp }, { requireName }, { pause }, { currentActor }, { countQueue }] = await Promise.all([
    import('../servers.ts'),
    import('../queue-report.ts'),
    import('../../services/operations/pauses.ts'),
    import('../actor.ts'),
    import('../../core/queue/queue-counts.ts'),
  ]);
  const { isNew, active } = await withApp(
    cli,
    async (app) => {
      const name = requireName('queue', given, app.queues.names);
      const change = { actor: currentActor(), reason: reason ?? null, until: until ?? null };
      const isNew = await pause(app, { kind: 'queue', name }, change);
      return { isNew, active: (await countQueue(app.queues, name)).active };
    },
    { taskFolders: tasks },
  );
  if (cli.json) {
    cli.document({
      success: true,
      queue: given,
      paused: true,
      was_paused: !isNew,
      until: until ?? null,
      running: active,
    });
    return;
  }
  const end = until === undefined ? `"vambe resume ${given}" ends it` : `until ${until}`;
  cli.out(`${given} is ${isNew ? 'paused' : 'paused still, with the new reason and end'}: ${end}.`);
  if (active > 0) cli.note(`vambe: ${active === 1 ? '1 job runs and goes' : `${active} jobs run and go`} on.`);
}
