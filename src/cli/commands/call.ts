/** `vambe call`: enqueues any task by its name, as `celery call` does. */
import { type Command, InvalidArgumentError } from 'commander';
import type { Core } from '../../wiring.ts';
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

const maxCountdownSeconds = 365 * 86_400;
const maxTaskIdChars = 255;
const maxJsonDepth = 100;

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
  const [{ withCore }, { enqueueTask }, { describeNotQueued }, { toCallDocument }] = await Promise.all([
    import('../kit/servers.ts'),
    import('../../services/jobs/enqueue-task.ts'),
    import('../../services/jobs/not-queued.ts'),
    import('../../contract/jobs.ts'),
  ]);
  const { countdown, wait, tasks, ...call } = flags;
  await withCore(
    cli,
    async (app) => {
      const job = await enqueueTask(app, { ...call, name, countdownSeconds: countdown, origin: 'cli' });
      if (!job.isNew) cli.note(`vambe: the task id ${job.taskId} was accepted before; it is not done again.`);
      if (!job.isQueued) cli.note(`vambe: ${describeNotQueued('one')}`);
      if (!cli.json) cli.out(job.taskId);
      if (wait === true) await waitAndTell(cli, app, job.taskId);
      else if (cli.json) cli.document(toCallDocument(job));
    },
    { taskFolders: tasks },
  );
}

async function waitAndTell(cli: Cli, app: Core, taskId: string): Promise<void> {
  const [{ waitForJob }, { readPresence }, { toCallEndDocument }] = await Promise.all([
    import('../../services/jobs/enqueue-task.ts'),
    import('../../services/observe/look.ts'),
    import('../../contract/jobs.ts'),
  ]);
  if ((await readPresence(app.redis, app.clock)).alive.length === 0)
    cli.note('vambe: no worker is registered; the job waits until "vambe worker" or "vambe up" runs.');
  const end = toCallEndDocument(taskId, await waitForJob(app, taskId, cli.signal));
  if (cli.json) cli.document(end);
  else if (end.success) cli.out(JSON.stringify(end.result, null, cli.isTerminal ? 2 : 0));
  else {
    const how = end.state === 'failed' ? 'failed' : `was ${end.state}`;
    cli.note(`vambe: the job ${how}${end.code === null ? '' : ` (${end.code})`}: ${end.error}`);
  }
  if (!end.success) cli.exitWith(4);
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
  refuseUnstorable(value);
  return value;
}

/** What is read as JSON but could not be written as the same again; not by recursion, as depth is what is looked for. */
function refuseUnstorable(whole: unknown): void {
  let level: unknown[] = [whole];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > maxJsonDepth) throw new InvalidArgumentError(`It is nested deeper than ${maxJsonDepth} levels.`);
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
  if (/^\d{1,9}(\.\d{1,6})?$/.test(given) && number <= maxCountdownSeconds) return number;
  throw new InvalidArgumentError(`It must be a number of seconds from 0 to ${maxCountdownSeconds}.`);
}

function taskIdText(given: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is refused
  if (given.length > 0 && given.length <= maxTaskIdChars && !/[\u0000-\u001f\u007f]/.test(given)) return given;
  throw new InvalidArgumentError(`It must be 1 to ${maxTaskIdChars} characters on one line.`);
}
