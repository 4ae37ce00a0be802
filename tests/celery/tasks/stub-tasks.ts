/** The stub tasks of the Celery client app, in our words: the first argument picks what happens. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { TaskKit } from '../../../src/core/discover-tasks.ts';
import { AppError } from '../../../src/core/errors.ts';

const named = (message: string, type: string, module: string) =>
  new AppError('TASK_FAILED', message, { details: { exception: { type, module, args: [message] } } });

export default ({ defineTask, z, complete, fail, retry }: TaskKit) => [
  defineTask({
    name: 'classify_meeting',
    aliases: ['core.tasks.classify_meeting_task'],
    queue: 'classification',
    maxRetries: 3,
    parameters: z.object({
      meeting_id: z.json(),
      force: z.json().default(false),
      callback_url: z.json().nullish(),
      api_task_id: z.json().nullish(),
    }),
    async run({ meeting_id, force }, { progress, signal }) {
      const id = String(meeting_id);
      if (id === 'fail') return fail(named('bad transcript', 'ClassifyError', 'app'));
      if (id === 'retry') return retry(named('upstream down', 'ConnectionError', 'builtins'));
      if (id === 'die') process.kill(process.pid, 'SIGKILL');
      if (id === 'progress') {
        progress({ current: 1, total: 2, stage: 'stub', message: 'half' });
        await sleep(1_000, undefined, { signal });
      }
      if (id.startsWith('sleep:')) await sleep(Number(id.slice(6)) * 1_000, undefined, { signal });
      if (id.startsWith('stubborn:')) await sleep(Number(id.slice(9)) * 1_000);
      return complete({ status: 'ok', meeting_id, force });
    },
  }),
  defineTask({
    name: 'health_check',
    aliases: ['core.tasks.health_check_task'],
    parameters: z.object({}),
    async run() {
      return complete({ status: 'healthy' });
    },
  }),
];
