/** `vambe drain`: waits until a queue has nothing left that waits or runs. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import type { App } from '../../app.ts';
import type { QueueReport } from '../../services/observe/queues.ts';
import type { Cli } from '../kit/cli.ts';
import { taskFolders, wholeNumber, withExample } from '../kit/help.ts';

interface DrainFlags {
  readonly timeout?: number;
  readonly tasks?: readonly string[];
}

const lookEveryMs = 500;

export function register(program: Command, cli: Cli): void {
  const command = program
    .command('drain')
    .description('wait until nothing waits or runs in a queue; of a paused one, until nothing runs')
    .argument('<queue>', 'name of the queue, as "vambe queues" lists them')
    .option('--timeout <seconds>', 'give up after that long, exit 4', wholeNumber({ min: 1, max: 604_800 }))
    .option(...taskFolders)
    .action((queue: string, flags: DrainFlags) => runDrain(cli, queue, flags));
  withExample(command, 'vambe drain classification --timeout 600', 'vambe pause default && vambe drain default');
}

async function runDrain(cli: Cli, given: string, { timeout, tasks }: DrainFlags): Promise<void> {
  const [{ withApp }, { requireName, readQueues }, { listWorkers }] = await Promise.all([
    import('../kit/servers.ts'),
    import('../../services/observe/queues.ts'),
    import('../../core/queue/presence.ts'),
  ]);
  const { queue, left } = await withApp(
    cli,
    async (app) => {
      const name = requireName('queue', given, app.queues.names);
      const workers = await listWorkers(app.redis, app.clock);
      return untilDrained(cli, app, {
        look: async () => (await readQueues(app, [name]))[0],
        hasWorker: workers.some(({ queues }) => queues.includes(name)),
        untilMs: timeout === undefined ? Number.POSITIVE_INFINITY : app.clock.monotonicMs() + timeout * 1_000,
      });
    },
    { taskFolders: tasks },
  );
  const isDrained = left === 0;
  if (cli.json) {
    const trouble = isDrained
      ? {}
      : { error: `${left === 1 ? '1 job is' : `${left} jobs are`} left after ${timeout} s`, code: 'SOME_ITEMS_FAILED' };
    cli.document({ success: isDrained, ...trouble, queue });
  } else if (isDrained) {
    const { paused, waiting, delayed } = queue;
    const isHeld = paused !== null && waiting > 0;
    const rest = [
      isHeld ? `${waiting} ${waiting === 1 ? 'waits' : 'wait'}, as it is paused` : '',
      delayed > 0 ? `${delayed} ${delayed === 1 ? 'is' : 'are'} due later` : '',
    ].filter((each) => each !== '');
    const said = isHeld ? `Nothing runs in ${given} any more` : `${given} is drained`;
    cli.out(`${said}${rest.length > 0 ? ` (${rest.join(', ')})` : ''}.`);
  } else
    cli.note(`vambe: ${given} is not drained: ${left} ${left === 1 ? 'job is' : 'jobs are'} left after ${timeout} s.`);
  if (!isDrained) cli.exitWith(4);
}

/** A paused queue starts nothing, so only what runs is waited for. */
const leftIn = ({ waiting, running, paused }: QueueReport) => (paused === null ? waiting + running : running);

async function untilDrained(
  cli: Cli,
  app: App,
  { look, hasWorker, untilMs }: { look(): Promise<QueueReport | undefined>; hasWorker: boolean; untilMs: number },
): Promise<{ queue: QueueReport; left: number }> {
  let most = 0;
  let bar: ReturnType<Cli['bar']> | undefined;
  try {
    for (;;) {
      const queue = await look();
      if (queue === undefined) throw new Error('one name gives one queue');
      const left = leftIn(queue);
      if (left === 0 || app.clock.monotonicMs() >= untilMs) return { queue, left };
      if (bar === undefined) {
        if (queue.paused !== null) cli.note(`vambe: ${queue.name} is paused: only what runs is waited for.`);
        else if (!hasWorker) cli.note(`vambe: no worker takes from ${queue.name}; "vambe worker" starts one.`);
      }
      if (left > most) {
        most = left;
        bar?.setTotal(most);
      }
      bar ??= cli.bar(most, `${queue.name} drains`);
      bar.update(most - left);
      await sleep(lookEveryMs, undefined, { signal: cli.signal });
    }
  } finally {
    bar?.stop();
  }
}
