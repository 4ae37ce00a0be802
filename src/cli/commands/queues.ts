/** `vambe queues`: what waits, runs and failed in each queue, and which are paused. */
import type { Command } from 'commander';
import type { QueueReport } from '../../services/observe/queues.ts';
import type { Cli } from '../kit/cli.ts';
import { withExample } from '../kit/help.ts';

export function register(program: Command, cli: Cli): void {
  const command = program
    .command('queues')
    .description('each queue: what waits, runs and failed, for how long, and whether it is paused')
    .action(() => runQueues(cli));
  withExample(command, 'vambe queues', 'vambe queues --json');
}

async function runQueues(cli: Cli): Promise<void> {
  const [{ withApp }, { readQueues }, { describeMoment }] = await Promise.all([
    import('../kit/servers.ts'),
    import('../../services/observe/queues.ts'),
    import('../kit/times.ts'),
  ]);
  const queues = await withApp(cli, (app) => readQueues(app));
  if (cli.json) {
    cli.document({ success: true, queues });
    return;
  }
  const nowMs = Date.now();
  const moment = (at: string | null) =>
    at === null ? null : cli.isTerminal ? describeMoment(Date.parse(at), nowMs) : new Date(at).toISOString();
  const head = ['queue', 'waiting', 'running', 'delayed', 'failed', 'oldest waiting', 'paused'];
  const rows = queues.map(({ name, waiting, running, delayed, failed, oldest_waiting_at, paused }) => [
    name,
    waiting,
    running,
    delayed,
    failed > 10_000 ? '10,000+' : failed,
    moment(oldest_waiting_at),
    paused === null ? 'no' : describePause(paused, moment),
  ]);
  cli.out(cli.table(head, rows));
}

function describePause(
  { reason, since, until }: NonNullable<QueueReport['paused']>,
  moment: (at: string | null) => string | null,
): string {
  const parts = [since && `since ${moment(since)}`, until && `until ${moment(until)}`, reason];
  return ['yes', ...parts.filter((each) => each !== null)].join(', ');
}
