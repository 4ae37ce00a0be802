/** Every command of `vambe`. */
import { type CommandEntry, group } from './kit/cli.ts';

/** In the order of `vambe --help`, which shows the summaries without loading the commands. */
export const commands: readonly CommandEntry[] = [
  ...group('Start:', [
    {
      name: 'up',
      summary: 'start everything here: servers, sample meetings, a worker',
      load: () => import('./commands/up.ts'),
    },
    {
      name: 'worker',
      summary: 'take jobs from the queues until SIGTERM or Ctrl-C',
      load: () => import('./commands/worker.ts'),
    },
  ]),
  ...group('Meetings:', [
    {
      name: 'import',
      summary: 'read meetings from a file and queue the new ones',
      load: () => import('./commands/import.ts'),
    },
    {
      name: 'classify',
      summary: 'queue meetings again, or classify one transcript now',
      load: () => import('./commands/classify.ts'),
    },
    {
      name: 'meetings',
      summary: 'find meetings by text, label or date',
      load: () => import('./commands/meetings.ts'),
    },
    {
      name: 'show',
      summary: 'one meeting: labels, quotes, transcript, history',
      load: () => import('./commands/show.ts'),
    },
    {
      name: 'export',
      summary: 'all meetings with their labels, or a whole archive',
      load: () => import('./commands/export.ts'),
    },
    { name: 'review', summary: 'correct labels by hand', load: () => import('./commands/review.ts') },
    {
      name: 'stats',
      summary: 'how often each label was given, and what models cost',
      load: () => import('./commands/stats.ts'),
    },
  ]),
  ...group('Jobs and queues:', [
    {
      name: 'status',
      summary: 'servers, workers, queues and open jobs at a glance',
      load: () => import('./commands/status.ts'),
    },
    { name: 'jobs', summary: 'list jobs, newest first, or show one', load: () => import('./commands/jobs.ts') },
    { name: 'retry', summary: 'run failed or cancelled jobs again', load: () => import('./commands/retry.ts') },
    { name: 'cancel', summary: 'end jobs that are queued or processing', load: () => import('./commands/cancel.ts') },
    {
      name: 'queues',
      summary: 'each queue: queued, processing, failed, paused',
      load: () => import('./commands/queues.ts'),
    },
    { name: 'pause', summary: 'pause a queue', load: () => import('./commands/pause.ts') },
    { name: 'resume', summary: 'resume a queue', load: () => import('./commands/resume.ts') },
    { name: 'drain', summary: 'wait until a queue is empty', load: () => import('./commands/drain.ts') },
    {
      name: 'schedules',
      summary: 'what runs by the clock, and when next',
      load: () => import('./commands/schedules.ts'),
    },
    { name: 'call', summary: 'queue any task by its name', load: () => import('./commands/call.ts') },
  ]),
  ...group('Servers and settings:', [
    { name: 'check', summary: 'test the connections and say what is wrong', load: () => import('./commands/check.ts') },
    {
      name: 'doctor',
      summary: 'look at the whole installation, with a remedy for each fault',
      load: () => import('./commands/doctor.ts'),
    },
    { name: 'config', summary: 'each setting: value, origin, meaning', load: () => import('./commands/config.ts') },
    {
      name: 'migrate',
      summary: 'create or update the tables of the worker',
      load: () => import('./commands/migrate.ts'),
    },
  ]),
  ...group('Celery tools:', [
    {
      name: 'inspect',
      summary: 'ask running workers, as celery inspect does',
      load: () => import('./commands/inspect.ts'),
    },
    {
      name: 'control',
      summary: 'change running workers, as celery control does',
      load: () => import('./commands/control.ts'),
    },
    { name: 'events', summary: 'events of the workers as they happen', load: () => import('./commands/events.ts') },
  ]),
  ...group('Accuracy:', [
    { name: 'eval', summary: 'measure the classifier on labelled meetings', load: () => import('./commands/eval.ts') },
    {
      name: 'shadow',
      summary: 'compare with the labels that another worker saved',
      load: () => import('./commands/shadow.ts'),
    },
    {
      name: 'taxonomy',
      summary: 'check, show and describe a taxonomy file',
      load: () => import('./commands/taxonomy.ts'),
    },
  ]),
];
