/** `vambe call`: enqueues any task by its name, as `celery call` does. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, InvalidArgumentError } from 'commander';
import type { App } from '../../app.ts';
import type { EnqueueRequest } from '../../core/queue/enqueue.ts';
import type { Cli } from '../kit/cli.ts';
import { taskFolders, withExample } from '../kit/help.ts';

interface CallFlags {
  readonly args?: readonly unknown[];
  readonly kwargs?: Readonly<Record<string, unknown>>;
  readonly wait?: boolean;
  readonly countdown?: number;
  readonly taskId?: string;
  readonly tasks?: readonly string[];
  readonly queue?: string;
}

const lookEveryMs = 200;
const longestCountdownSeconds = 365 * 86_400;
const longestTaskIdChars = 255;
const deepestJson = 100;

export function register(program: Command, cli: Cli): void {
  const command = program
    .command('call')
    .description('enqueue a task by its name and print its task id')
    .argument('<name>', 'name of the task, as "vambe inspect registered" lists them')
    .option('-a, --args <json>', 'positional arguments, a JSON array', jsonArray)
    .option('-k, --kwargs <json>', 'keyword arguments, a JSON object', jsonObject)
    .option('-w, --wait', 'wait for the end and print the result')
    .option('--countdown <seconds>', 'start it no sooner than that', seconds)
    .option('--task-id <id>', 'its id; the same id sent twice is done once', taskIdText)
    .option(...taskFolders)
    .option('-Q, --queue <list>', 'send a Celery message to this list instead, for any worker that takes from it')
    .action((name: string, flags: CallFlags) => runCall(cli, name, flags));
  withExample(
    command,
    "vambe call classify_meeting --args '[1]' --wait",
    `vambe call classify_meeting --kwargs '{"meeting_id": 1, "force_reprocess": true}' --countdown 60`,
    "vambe call reports.build --queue celery --args '[1]' --wait",
  );
}

async function runCall(cli: Cli, name: string, flags: CallFlags): Promise<void> {
  if (flags.queue !== undefined) {
    const { sendCall } = await import('../send-call.ts');
    return sendCall(cli, { ...flags, name, queue: flags.queue });
  }
  const { withApp } = await import('../kit/servers.ts');
  await withApp(
    cli,
    async (app) => {
      const request = await toRequest(app, name, flags);
      const { accepted, queued } = await app.enqueuer.enqueue([request]);
      const [job] = accepted;
      if (!job) throw new Error('one request gets one answer');
      if (!job.isNew) cli.note(`vambe: the task id ${job.taskId} was accepted before; it is not done again.`);
      if (queued === 'database')
        cli.note('vambe: Redis did not take the job; a worker picks it up from the database within a minute.');
      if (!cli.json) cli.out(job.taskId);
      if (flags.wait === true) await tellEnd(cli, app, job.taskId);
      else if (cli.json) cli.document({ success: true, task_id: job.taskId, task: request.task, is_new: job.isNew });
    },
    { taskFolders: flags.tasks },
  );
}

/** Finds the task first, so that an unknown name is answered with the nearest one. @throws AppError TASK_UNKNOWN, TASK_ARGUMENTS */
async function toRequest(
  app: App,
  name: string,
  { args, kwargs, countdown, taskId }: CallFlags,
): Promise<EnqueueRequest> {
  const { nearestName } = await import('../../core/nearest-name.ts');
  const { AppError } = await import('../../core/errors.ts');
  const names = app.registry.all.flatMap((task) => [task.name, ...task.aliases]);
  if (!names.includes(name)) {
    const nearest = nearestName(name, names);
    throw new AppError(
      'TASK_UNKNOWN',
      `There is no task "${name}".${nearest === undefined ? '' : ` Did you mean ${nearest}?`} Known: ${app.registry.all.map((task) => task.name).join(', ')}.`,
    );
  }
  return {
    task: app.registry.find(name).name,
    args,
    kwargs,
    taskId,
    origin: 'cli',
    dueAt:
      countdown === undefined || countdown === 0
        ? null
        : new Date(app.clock.wallMs() + countdown * 1_000).toISOString(),
  };
}

async function tellEnd(cli: Cli, app: App, taskId: string): Promise<void> {
  const [{ readJobState }, { listWorkers }] = await Promise.all([
    import('../../models/queries/jobs.ts'),
    import('../../core/queue/presence.ts'),
  ]);
  if ((await listWorkers(app.redis, app.clock)).length === 0)
    cli.note('vambe: no worker is registered; the job waits until "vambe worker" or "vambe up" runs.');
  for (;;) {
    const job = await readJobState(app.database, taskId);
    if (job && job.state !== 'queued' && job.state !== 'retrying') {
      const { state, error_code: code, error_message: message } = job;
      if (state === 'completed') {
        const result = (await app.ledger.resultOf(taskId)) ?? null;
        if (cli.json) cli.document({ success: true, task_id: taskId, state, result });
        else cli.out(JSON.stringify(result, null, cli.isTerminal ? 2 : 0));
        return;
      }
      const words = message ?? `the job was ${state}`;
      if (cli.json) cli.document({ success: false, task_id: taskId, state, error: words, code });
      else
        cli.note(
          `vambe: the job ${state === 'failed' ? 'failed' : `was ${state}`}${code === null ? '' : ` (${code})`}: ${words}`,
        );
      cli.exitWith(4);
      return;
    }
    await sleep(lookEveryMs, undefined, { signal: cli.signal });
  }
}

function jsonArray(given: string): readonly unknown[] {
  const value = parseJson(given, "'[1, true]'");
  if (Array.isArray(value)) return value;
  throw new InvalidArgumentError(`It must be a JSON array such as '[1, true]', got ${kindOf(value)}.`);
}

function jsonObject(given: string): Readonly<Record<string, unknown>> {
  const value = parseJson(given, `'{"meeting_id": 1}'`);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw new InvalidArgumentError(`It must be a JSON object such as '{"meeting_id": 1}', got ${kindOf(value)}.`);
}

function parseJson(given: string, example: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(given);
  } catch (error) {
    throw new InvalidArgumentError(
      `It must be JSON such as ${example}: ${error instanceof Error ? error.message : 'not JSON'}.`,
    );
  }
  refuseUnbearable(value);
  return value;
}

/** What is read as JSON but could not be written as the same again; not by recursion, as depth is what is looked for. */
function refuseUnbearable(whole: unknown): void {
  let level: unknown[] = [whole];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > deepestJson) throw new InvalidArgumentError(`It is nested deeper than ${deepestJson} levels.`);
    if (level.some((each) => typeof each === 'number' && !Number.isFinite(each))) {
      throw new InvalidArgumentError('It holds a number beyond 1.8e308, which would be lost. Give it as text.');
    }
    level = level.flatMap((each) => (typeof each === 'object' && each !== null ? Object.values(each) : []));
  }
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function seconds(given: string): number {
  const number = Number(given);
  if (/^\d{1,9}(\.\d{1,6})?$/.test(given) && number <= longestCountdownSeconds) return number;
  throw new InvalidArgumentError(`It must be a number of seconds from 0 to ${longestCountdownSeconds}.`);
}

function taskIdText(given: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is refused
  if (given.length > 0 && given.length <= longestTaskIdChars && !/[\u0000-\u001f\u007f]/.test(given)) return given;
  throw new InvalidArgumentError(`It must be 1 to ${longestTaskIdChars} characters on one line.`);
}
