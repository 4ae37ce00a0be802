/** `vambe schedules`: what runs by the clock, and when; run now, pause, resume. */
import type { Command } from 'commander';
import type { z } from 'zod';
import type { schedulePauseDocument } from '../../contract/schedules.ts';
import type { Cli } from '../kit/cli.ts';
import { futureMoment, taskFolders, withExample } from '../kit/help.ts';

type SchedulePause = z.infer<typeof schedulePauseDocument>;

interface Flags {
  readonly tasks?: readonly string[];
}

interface ChangeFlags extends Flags {
  readonly reason?: string;
  readonly until?: string;
}

export function register(program: Command, cli: Cli): void {
  const command = program
    .command('schedules')
    .description('what runs by the clock, how often and when next')
    .helpCommand(false)
    .option(...taskFolders)
    .action((flags: Flags) => runList(cli, flags));
  withExample(command, 'vambe schedules', 'vambe schedules run sweep_unclassified');
  const names = 'name of the schedule, as "vambe schedules" lists them';
  const run = command
    .command('run')
    .description('run its task now; the planned runs stay as they are')
    .argument('<name>', names)
    .option('--reason <text>', 'why, for the record')
    .option(...taskFolders)
    .action((name: string, flags: ChangeFlags) => runNow(cli, name, flags));
  withExample(run, 'vambe schedules run sweep_unclassified');
  const pause = command
    .command('pause')
    .description('plan no further runs of it; it outlives an emptied Redis')
    .argument('<name>', names)
    .option('--reason <text>', 'why, for the record and for people who look at the schedules')
    .option('--until <time>', 'resume it then by itself: 30m, 2h, 1d from now, or a time in ISO 8601', futureMoment)
    .option(...taskFolders)
    .action((name: string, flags: ChangeFlags) => pauseOne(cli, name, flags));
  withExample(pause, 'vambe schedules pause purge_expired --reason "an audit is on" --until 7d');
  const resume = command
    .command('resume')
    .description('plan its runs again')
    .argument('<name>', names)
    .option('--reason <text>', 'why, for the record')
    .option(...taskFolders)
    .action((name: string, flags: ChangeFlags) => resumeOne(cli, name, flags));
  withExample(resume, 'vambe schedules resume purge_expired');
}

async function runList(cli: Cli, { tasks }: Flags): Promise<void> {
  const [{ withCore }, { listSchedules }, { toSchedulesDocument }, { describeSchedules }] = await Promise.all([
    import('../kit/servers.ts'),
    import('../../services/observe/schedules.ts'),
    import('../../contract/schedules.ts'),
    import('../print/queues.ts'),
  ]);
  const schedules = await withCore(cli, (app) => listSchedules(app), { taskFolders: tasks });
  if (cli.json) return cli.document(toSchedulesDocument(schedules));
  cli.out(describeSchedules(cli, schedules, Date.now()));
  if (schedules.some(({ next_run_at, paused }) => next_run_at === null && paused === null))
    cli.note('vambe: a schedule without a next run is registered when a worker starts.');
}

async function runNow(cli: Cli, name: string, flags: ChangeFlags): Promise<void> {
  const { change, withCore, runSchedule, requireSchedule } = await load(flags);
  const { toScheduleRunDocument } = await import('../../contract/schedules.ts');
  const { describeNotQueued } = await import('../../services/jobs/not-queued.ts');
  const run = await withCore(
    cli,
    (app) => runSchedule(app, requireSchedule(app.schedules, name), { ...change, origin: 'cli' }),
    { taskFolders: flags.tasks },
  );
  if (!run.isQueued) cli.note(`vambe: ${describeNotQueued('one')}`);
  if (cli.json) cli.document(toScheduleRunDocument(name, run));
  else cli.out(run.taskId);
}

async function pauseOne(cli: Cli, name: string, flags: ChangeFlags): Promise<void> {
  const { change, withCore, pause, requireSchedule } = await load(flags);
  const { describeEnd } = await import('../kit/times.ts');
  const until = flags.until ?? null;
  const isNew = await withCore(
    cli,
    (app) => pause(app, { kind: 'schedule', schedule: requireSchedule(app.schedules, name) }, { ...change, until }),
    { taskFolders: flags.tasks },
  );
  const document: SchedulePause = { success: true, schedule: name, paused: true, was_paused: !isNew, until };
  if (cli.json) return cli.document(document);
  const end = until === null ? '' : ` until ${describeEnd(cli, until, Date.now())}`;
  cli.out(`${name} is paused${end}; no run of it is planned.`);
}

async function resumeOne(cli: Cli, name: string, flags: ChangeFlags): Promise<void> {
  const { change, withCore, resume, requireSchedule } = await load(flags);
  const wasPaused = await withCore(
    cli,
    (app) => resume(app, { kind: 'schedule', schedule: requireSchedule(app.schedules, name) }, change),
    { taskFolders: flags.tasks },
  );
  const document: SchedulePause = { success: true, schedule: name, paused: false, was_paused: wasPaused };
  if (cli.json) cli.document(document);
  else cli.out(wasPaused ? `${name} is planned again.` : `${name} was not paused.`);
}

async function load({ reason }: ChangeFlags) {
  const [{ withCore }, { currentActor }, pauses] = await Promise.all([
    import('../kit/servers.ts'),
    import('../kit/actor.ts'),
    import('../../services/observe/pauses.ts'),
  ]);
  return { withCore, ...pauses, change: { actor: currentActor(), reason: reason ?? null } };
}
