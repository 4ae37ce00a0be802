/** A task: a kind of work with a name on the wire, parameters, and a handler. `src/tasks/` has one file for each. */
import * as z from 'zod';
import { bindArguments, type Signature } from './bind-arguments.ts';
import { AppError } from './errors.ts';
import type { TakenJob } from './job-ledger.ts';
import type { Log } from './log/logger.ts';
import type { Outcome } from './outcome.ts';

/** What a handler is given beside its parameters. `Subject` is what the job is about, read together with the job. */
export interface TaskContext<Services = unknown, Subject = unknown> {
  readonly services: Services;
  readonly job: TakenJob<Subject>;
  /** 1 for the first attempt. */
  readonly attempt: number;
  /** Aborts at the soft time limit, when the job is cancelled and when the lock is lost: stop, and write nothing. */
  readonly signal: AbortSignal;
  readonly log: Log;
  /** Says how far the work is; published when a stage lasts longer than 50 ms. */
  progress(step: ProgressStep): void;
  /** Reads the job and its subject again, with a new run id. */
  takeAgain(): Promise<TakenJob<Subject>>;
}

export interface ProgressStep {
  readonly current: number;
  readonly total: number;
  readonly stage: string;
  readonly message: string;
}

/** When a task runs by itself: at an interval, or by a cron expression in UTC. */
export type TaskSchedule = { readonly everyMs: number } | { readonly cron: string };

/** Of one attempt: at `softMs` its signal aborts, at `hardMs` it is given up. Unset: those of TASK_TIMEOUT. */
export interface AttemptLimits {
  readonly softMs?: number;
  readonly hardMs?: number;
}

export interface TaskDefinition<Parameters extends z.ZodObject, Context> {
  /** The name on the wire. */
  readonly name: string;
  /** Other names that producers use. */
  readonly aliases?: readonly string[];
  /** `default` where none is given. */
  readonly queue?: string;
  /** The order of its keys is the order of positional arguments. */
  readonly parameters: Parameters;
  /** Attempts after the first; unset: MAX_RETRIES. */
  readonly maxRetries?: number;
  /** Pause before a further attempt; unset: RETRY_DELAY_SECONDS. */
  readonly retryDelayMs?: number;
  readonly timeLimit?: AttemptLimits;
  /** Unset: it runs only when it is called. A scheduled run has no arguments, so every parameter needs a default. */
  readonly schedule?: TaskSchedule;
  /** The parameter, an array, that takes further positional arguments, as `*args` does in Python. */
  readonly restParameter?: Extract<keyof z.output<Parameters>, string>;
  /** The parameter that holds the id of what a job is about, if any. */
  readonly subjectParameter?: Extract<keyof z.output<Parameters>, string>;
  run(parameters: z.output<Parameters>, context: Context): Promise<Outcome> | Outcome;
}

/** A task as the rest of core sees it: its parameters are checked by itself. */
export interface Task {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly queue: string;
  readonly maxRetries: number | undefined;
  readonly retryDelayMs: number | undefined;
  readonly timeLimit: AttemptLimits;
  readonly schedule: TaskSchedule | undefined;
  readonly parameterNames: readonly string[];
  /** Named parameters from positional and keyword arguments. @throws AppError TASK_ARGUMENTS, in Python's words */
  bind(args: readonly unknown[], kwargs: Readonly<Record<string, unknown>>): BoundParameters;
  run(parameters: Readonly<Record<string, unknown>>, context: TaskContext): Promise<Outcome>;
}

export interface BoundParameters {
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Of what the job is about, by the task's `subjectParameter`. */
  readonly subjectId: number | null;
}

/** @throws AppError TASK_INVALID for a schedule, delay or limit that cannot be kept to */
// biome-ignore lint/suspicious/noExplicitAny: the context's services and subject are the handler's own choice; app.ts provides them
export function defineTask<Parameters extends z.ZodObject, Context extends TaskContext<any, any>>(
  definition: TaskDefinition<Parameters, Context>,
): Task {
  const { name, parameters: schema, subjectParameter } = definition;
  const parameterNames = Object.keys(schema.shape);
  const { restParameter } = definition;
  const required = parameterNames.filter(
    (each) => each !== restParameter && !z.safeParse(schema.shape[each] as z.ZodType, undefined).success,
  );
  const signature: Signature = { name, parameterNames, required, restParameter };
  checkDefinition(definition, required);

  const parse = (values: Readonly<Record<string, unknown>>): z.output<Parameters> => {
    const parsed = schema.safeParse(values);
    if (parsed.success) return parsed.data;
    const faults = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'parameters'}: ${message}`);
    throw new AppError('TASK_ARGUMENTS', `${name}() got arguments it cannot use: ${faults.join('; ')}.`, {
      details: { faults },
    });
  };

  return {
    name,
    aliases: definition.aliases ?? [],
    queue: definition.queue ?? 'default',
    maxRetries: definition.maxRetries,
    retryDelayMs: definition.retryDelayMs,
    timeLimit: definition.timeLimit ?? {},
    schedule: definition.schedule,
    parameterNames,
    bind(args, kwargs) {
      const parameters = parse(bindArguments(signature, { args, kwargs }));
      const subject = subjectParameter === undefined ? undefined : parameters[subjectParameter];
      return { parameters, subjectId: typeof subject === 'number' ? subject : null };
    },
    async run(parameters, context) {
      return definition.run(parse(parameters), context as Context);
    },
  };
}

const minScheduleMs = 1_000;

function checkDefinition(
  {
    name,
    schedule,
    retryDelayMs,
    timeLimit = {},
  }: Pick<Task, 'name'> & Partial<Pick<Task, 'schedule' | 'retryDelayMs' | 'timeLimit'>>,
  required: readonly string[],
): void {
  const refuse = (message: string) => new AppError('TASK_INVALID', `Task "${name}" ${message}`);
  if (schedule && required.length > 0)
    throw refuse(
      `has a schedule, but its parameter "${required[0]}" has no default. A scheduled run has no arguments.`,
    );
  if (schedule && 'everyMs' in schedule && !isWholeNumber(schedule.everyMs, minScheduleMs))
    throw refuse(`has a schedule with everyMs ${schedule.everyMs}. Give whole milliseconds, ${minScheduleMs} or more.`);
  if (retryDelayMs !== undefined && !isWholeNumber(retryDelayMs, 0))
    throw refuse(`has a retryDelayMs of ${retryDelayMs}. Give whole milliseconds, 0 or more.`);
  for (const [limit, ms] of Object.entries(timeLimit))
    if (!isWholeNumber(ms, 1)) throw refuse(`has a time limit ${limit} of ${ms}. Give whole milliseconds, 1 or more.`);
}

function isWholeNumber(value: number, min: number): boolean {
  return Number.isSafeInteger(value) && value >= min;
}

/** Finds tasks by name or alias. */
export interface TaskRegistry {
  readonly all: readonly Task[];
  /** @throws AppError TASK_UNKNOWN */
  find(name: string): Task;
  /** What a task says of its own attempts; undefined for one that is not known here. */
  settingsOf(name: string): Pick<Task, 'maxRetries' | 'retryDelayMs'> | undefined;
}

/** @throws AppError TASK_INVALID when two tasks claim one name */
export function createTaskRegistry(tasks: readonly Task[]): TaskRegistry {
  const byName = new Map<string, Task>();
  for (const task of tasks) {
    for (const name of [task.name, ...task.aliases]) {
      const other = byName.get(name);
      if (other)
        throw new AppError(
          'TASK_INVALID',
          `Two tasks are called "${name}": ${other.name} and ${task.name}. Rename one.`,
        );
      byName.set(name, task);
    }
  }
  const all = [...tasks].sort((a, b) => (a.name < b.name ? -1 : 1));
  return {
    all,
    settingsOf: (name) => byName.get(name),
    find(name) {
      const task = byName.get(name);
      if (task) return task;
      throw new AppError(
        'TASK_UNKNOWN',
        `There is no task "${name}". Known: ${all.map((each) => each.name).join(', ')}.`,
        {
          details: { name },
        },
      );
    },
  };
}
