/** `vambe events`: what workers announce as it happens, as `celery events --dump` shows it. */
import { type Command, Option } from 'commander';
import type { Cli } from '../kit/cli.ts';
import { withExample } from '../kit/help.ts';
import { seconds } from '../node-arguments.ts';

interface EventsFlags {
  readonly taskOnly?: boolean;
  readonly all?: boolean;
  readonly enable?: boolean;
  readonly seconds?: number;
}

export function register(program: Command, cli: Cli): void {
  const command = program
    .command('events')
    .description('events of the workers as they happen, ours and Python’s; --json: one document a line')
    .option('--task-only', 'only events of tasks, no heartbeats: the default on a terminal')
    .addOption(new Option('--all', 'heartbeats too: the default elsewhere and with --json').conflicts('taskOnly'))
    .option('--enable', 'first tell the workers to send events of tasks')
    .option('--seconds <seconds>', 'end after that; unset: Ctrl-C ends it', seconds({ min: 0.1, max: 86_400 }))
    .action((flags: EventsFlags) => runEvents(cli, flags));
  withExample(command, 'vambe events --enable', 'vambe events --seconds 10 --json');
}

async function runEvents(cli: Cli, flags: EventsFlags): Promise<void> {
  const [{ withNodes }, { readEvents }, { eventPattern }, { describeEvent }, { setTimeout: sleep }] = await Promise.all(
    [
      import('../ask-nodes.ts'),
      import('../../celery/events/event-bodies.ts'),
      import('../../celery/protocol/control-wire.ts'),
      import('../describe-event.ts'),
      import('node:timers/promises'),
    ],
  );
  const showsTasksAlone = flags.taskOnly ?? (flags.all !== true && cli.isTerminal && !cli.json);
  await withNodes(cli, async (nodes) => {
    const listener = nodes.broker.duplicate();
    listener.on('pmessage', (_pattern, _channel, raw: string) => {
      for (const event of readEvents(raw)) {
        if (showsTasksAlone && !String(event.type).startsWith('task-')) continue;
        if (cli.json) cli.document(event);
        else cli.out(describeEvent(cli, event));
      }
    });
    try {
      await listener.psubscribe(eventPattern(nodes.database));
      if (flags.enable === true) await nodes.tell('enable_events', {});
      // A day at most; to watch for longer, start it again.
      await sleep((flags.seconds ?? 86_400) * 1_000, undefined, { signal: cli.signal });
    } finally {
      listener.disconnect();
    }
  });
}
