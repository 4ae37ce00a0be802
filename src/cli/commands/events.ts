/** `vambe events`: what workers announce as it happens, as `celery events --dump` shows it. */
import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { withExample } from '../help.ts';
import { seconds } from '../node-arguments.ts';

interface EventsFlags {
  readonly enable?: boolean;
  readonly seconds?: number;
}

export function register(program: Command, cli: Cli): void {
  const command = program
    .command('events')
    .description('events of the workers as they happen, ours and Python’s; --json: one document a line')
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
  await withNodes(cli, async (nodes) => {
    const listener = nodes.broker.duplicate();
    listener.on('pmessage', (_pattern, _channel, raw: string) => {
      for (const event of readEvents(raw)) {
        if (cli.json) cli.document(event);
        else cli.out(describeEvent(cli, event));
      }
    });
    try {
      await listener.psubscribe(eventPattern(nodes.database));
      if (flags.enable === true) await nodes.tell('enable_events', {});
      // A day at most; whoever watches for longer starts it again.
      await sleep((flags.seconds ?? 86_400) * 1_000, undefined, { signal: cli.signal });
    } finally {
      listener.disconnect();
    }
  });
}
