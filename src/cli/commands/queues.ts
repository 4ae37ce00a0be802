/** `vambe queues`: what waits, runs and failed in each queue, and which are paused. */
import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { withExample } from '../help.ts';
import type { QueueReport } from '../queue-report.ts';

export function register(program: Command, cli: Cli): void {
  const command = program
    .command('queues')
    .description('each queue: what waits, runs and failed, for how long, and whether it is paused')
    .action(() => runQueues(cli));
  withExample(command, 'vambe queues', 'vambe queues --json');
}

async function runQueues(cli: Cli): Promise<void> {
  const [{ withCore }, { readQueues }, { describeMoment }] = await Promise.all([
    import('../servers.ts'),
    import('../queue-report.ts'),
    import('../times.ts'),
  ]);
  const queues = await withCore(cli, (app) => readQueues(app));
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
