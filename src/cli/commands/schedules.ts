/** `vambe schedules`: what runs by the clock, and when; run now, pause, resume. */
import type { Command } from 'commander';
import type { App } from '../../app.ts';
import type { Schedule } from '../../core/queue/schedules.ts';
import type { Cli } from '../cli.ts';
import { taskFolders, withExample } from '../help.ts';
import { futureMoment } from '../moment-argument.ts';

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
    .action((flags: Flags) => listSchedules(cli, flags));
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
    .option('--reason <text>', 'why, for the record and for whoever looks at the schedules')
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

async function listSchedules(cli: Cli, { tasks }: Flags): Promise<void> {
  const [{ withApp }, { readNextRuns }, { withDeadline }, { listControls }, { describeDuration, describeMoment }] =
    await Promise.all([
      import('../servers.ts'),
      import('../../core/queue/schedules.ts'),
      import('../../core/deadline.ts'),
      import('../../models/queries/controls.ts'),
      import('../times.ts'),
    ]);
  const schedules = await withApp(
    cli,
    async (app) => {
      const [next, controls] = await Promise.all([
        withDeadline(readNextRuns(app.queues, app.schedules), 5_000, 'the schedules were read'),
        listControls(app.database),
      ]);
      return app.schedules.map(({ name, task, queue, everyMs, cron }) => {
        const control = controls.find((each) => each.kind === 'schedule' && each.name === name);
        const nextMs = next[name];
        return {
          name,
          task,
          queue,
          every_ms: everyMs ?? null,
          cron: cron ?? null,
          next_run_at: nextMs === undefined || control !== undefined ? null : new Date(nextMs).toISOString(),
          paused:
            control === undefined
              ? null
              : { reason: control.reason || null, since: control.since, until: control.until },
        };
      });
    },
    { taskFolders: tasks },
  );
  if (cli.json) {
    cli.document({ success: true, schedules });
    return;
  }
  const nowMs = Date.now();
  const moment = (at: string) => (cli.isTerminal ? describeMoment(Date.parse(at), nowMs) : new Date(at).toISOString());
  const rows = schedules.map(({ name, task, every_ms, cron, next_run_at, paused }) => [
    name,
    task,
    every_ms === null ? `cron ${cron} UTC` : describeDuration(every_ms),
    next_run_at === null ? null : moment(next_run_at),
    paused === null
      ? 'no'
      : ['yes', paused.until && `until ${moment(paused.until)}`, paused.reason].filter(Boolean).join(', '),
  ]);
  cli.out(cli.table(['schedule', 'task', 'every', 'next run', 'paused'], rows));
  if (schedules.some(({ next_run_at, paused }) => next_run_at === null && paused === null))
    cli.note('vambe: a schedule without a next run is registered when a worker starts.');
}

async function runNow(cli: Cli, name: string, { reason, tasks }: ChangeFlags): Promise<void> {
  await withSchedule(cli, { name, tasks }, async (app, schedule, change) => {
    const { runSchedule } = await import('../../services/operations/pauses.ts');
    const { taskId, queued } = await runSchedule(app, schedule, { ...change, reason: reason ?? null, origin: 'cli' });
    if (queued === 'database')
      cli.note('vambe: Redis did not take the job; a worker picks it up from the database within a minute.');
    if (cli.json) cli.document({ success: true, schedule: name, task: schedule.task, task_id: taskId });
    else cli.out(taskId);
  });
}

async function pauseOne(cli: Cli, name: string, { reason, until, tasks }: ChangeFlags): Promise<void> {
  await withSchedule(cli, { name, tasks }, async (app, schedule, change) => {
    const { pause } = await import('../../services/operations/pauses.ts');
    const request = { ...change, reason: reason ?? null, until: until ?? null };
    const isNew = await pause(app, { kind: 'schedule', schedule }, request);
    if (cli.json)
      cli.document({ success: true, schedule: name, paused: true, was_paused: !isNew, until: until ?? null });
    else cli.out(`${name} is paused${until === undefined ? '' : ` until ${until}`}; no run of it is planned.`);
  });
}

async function resumeOne(cli: Cli, name: string, { reason, tasks }: ChangeFlags): Promise<void> {
  await withSchedule(cli, { name, tasks }, async (app, schedule, change) => {
    const { resume } = await import('../../services/operations/pauses.ts');
    const wasPaused = await resume(app, { kind: 'schedule', schedule }, { ...change, reason: reason ?? null });
    if (cli.json) cli.document({ success: true, schedule: name, paused: false, was_paused: wasPaused });
    else cli.out(wasPaused ? `${name} is planned again.` : `${name} was not paused.`);
  });
}

async function withSchedule(
  cli: Cli,
  { name, tasks }: { name: string; tasks: readonly string[] | undefined },
  use: (app: App, schedule: Schedule, change: { actor: string }) => Promise<void>,
): Promise<void> {
  const [{ withApp }, { requireName }, { currentActor }] = await Promise.all([
    import('../servers.ts'),
    import('../queue-report.ts'),
    import('../actor.ts'),
  ]);
  await withApp(
    cli,
    async (app) => {
      requireName(
        'schedule',
        name,
        app.schedules.map((each) => each.name),
      );
      const schedule = app.schedules.find((each) => each.name === name);
      if (schedule !== undefined) await use(app, schedule, { actor: currentActor() });
    },
    { taskFolders: tasks },
  );
}
