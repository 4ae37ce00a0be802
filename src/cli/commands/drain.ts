/** `vambe drain`: waits until a queue has no job left that is queued or processing. */
import type { Command } from 'commander';
import type { QueueReport } from '../../services/observe/queues.ts';
import type { Cli } from '../kit/cli.ts';
import { taskFolders, wholeNumber, withExample } from '../kit/help.ts';

interface DrainFlags {
  readonly timeout?: number;
  readonly tasks?: readonly string[];
}

export function register(program: Command, cli: Cli): void {
  const command = program
    .command('drain')
    .description('wait until nothing is queued or processing in a queue; of a paused one, until nothing is processing')
    .argument('<queue>', 'name of the queue, as "vambe queues" lists them')
    .option('--timeout <seconds>', 'give up after that long, exit 4', wholeNumber({ min: 1, max: 604_800 }))
    .option(...taskFolders)
    .action((queue: string, flags: DrainFlags) => runDrain(cli, queue, flags));
  withExample(command, 'vambe drain classification --timeout 600', 'vambe pause default && vambe drain default');
}

async function runDrain(cli: Cli, given: string, { timeout, tasks }: DrainFlags): Promise<void> {
  const [{ withCore }, { drainQueue }, { toDrainDocument }] = await Promise.all([
    import('../kit/servers.ts'),
    import('../../services/observe/drain.ts'),
    import('../../contract/queues.ts'),
  ]);
  const timeoutMs = timeout === undefined ? null : timeout * 1_000;
  const watch = watchDrain(cli);
  const drained = await withCore(
    cli,
    (app) => drainQueue(app, { queue: given, timeoutMs, signal: cli.signal, onLook: watch.onLook }),
    { taskFolders: tasks },
  ).finally(() => watch.stop());
  const { queue, left } = drained;
  if (cli.json) cli.document(toDrainDocument(drained, timeout));
  else if (left === 0) cli.out(describeDrained(queue));
  else
    cli.note(`vambe: ${given} is not drained: ${left} ${left === 1 ? 'job is' : 'jobs are'} left after ${timeout} s.`);
  if (left > 0) cli.exitWith(4);
}

/** A bar from the most jobs that were seen down to none, and a note where they may not get fewer. */
function watchDrain(cli: Cli) {
  let most = 0;
  let bar: ReturnType<Cli['bar']> | undefined;
  return {
    onLook({ queue, left, hasWorker }: { queue: QueueReport; left: number; hasWorker: boolean }) {
      if (bar === undefined) {
        if (queue.paused !== null) cli.note(`vambe: ${queue.name} is paused: only what is processing is waited for.`);
        else if (!hasWorker) cli.note(`vambe: no worker takes from ${queue.name}; "vambe worker" starts one.`);
      }
      if (left > most) {
        most = left;
        bar?.setTotal(most);
      }
      bar ??= cli.bar(most, `${queue.name} drains`);
      bar.update(most - left);
    },
    stop: () => bar?.stop(),
  };
}

function describeDrained({ name, paused, waiting, delayed }: QueueReport): string {
  const isPausedWithJobs = paused !== null && waiting > 0;
  const rest = [
    isPausedWithJobs ? `${waiting} ${waiting === 1 ? 'is' : 'are'} queued, as it is paused` : '',
    delayed > 0 ? `${delayed} ${delayed === 1 ? 'is' : 'are'} due later` : '',
  ].filter((each) => each !== '');
  const said = isPausedWithJobs ? `Nothing is processing in ${name} any more` : `${name} is drained`;
  return `${said}${rest.length > 0 ? ` (${rest.join(', ')})` : ''}.`;
}
