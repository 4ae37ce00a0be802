/** A task: a kind of work with a name on the wire, parameters, and a handler. `src/tasks/` has one file for each. */
import { z } from 'zod';
import { AppError } from './errors.ts';
import type { TakenJob } from './job-ledger.ts';
import type { Log } from './logger.ts';
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
  /** The parameter that names the meeting a job is about, if any. */
  readonly meetingParameter?: Extract<keyof z.output<Parameters>, string>;
  run(parameters: z.output<Parameters>, context: Context): Promise<Outcome> | Outcome;
}

/** A task as the rest of core sees it: its parameters are checked by itself. */
export interface Task {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly queue: string;
  readonly maxRetries: number | undefined;
  readonly parameterNames: readonly string[];
  /** Named parameters from positional and keyword arguments. @throws AppError TASK_ARGUMENTS, in Python's words */
  bind(args: readonly unknown[], kwargs: Readonly<Record<string, unknown>>): BoundParameters;
  run(parameters: Readonly<Record<string, unknown>>, context: TaskContext): Promise<Outcome>;
}

export interface BoundParameters {
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly meetingId: number | null;
}

// biome-ignore lint/suspicious/noExplicitAny: the context's services and subject are the handler's own choice; app.ts provides them
export function defineTask<Parameters extends z.ZodObject, Context extends TaskContext<any, any>>(
  definition: TaskDefinition<Parameters, Context>,
): Task {
  const { name, parameters: schema, meetingParameter } = definition;
  const parameterNames = Object.keys(schema.shape);
  const required = parameterNames.filter((each) => !z.safeParse(schema.shape[each] as z.ZodType, undefined).success);

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
    parameterNames,
    bind(args, kwargs) {
      const parameters = parse(bindArguments({ name, parameterNames, required, args, kwargs }));
      const meeting = meetingParameter === undefined ? undefined : parameters[meetingParameter];
      return { parameters, meetingId: typeof meeting === 'number' ? meeting : null };
    },
    async run(parameters, context) {
      return definition.run(parse(parameters), context as Context);
    },
  };
}

interface BindRequest {
  readonly name: string;
  readonly parameterNames: readonly string[];
  readonly required: readonly string[];
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
}

const longestShownName = 100;

/** Binds as a Python call does, with the messages of CPython's TypeError, which Celery clients show. */
function bindArguments({ name, parameterNames, required, args, kwargs }: BindRequest): Record<string, unknown> {
  const refuse = (words: string) => new AppError('TASK_ARGUMENTS', `${name}() ${words}`);
  const bound = new Map<string, unknown>();
  for (const [index, name] of parameterNames.entries()) if (index < args.length) bound.set(name, args[index]);
  for (const [key, value] of Object.entries(kwargs)) {
    if (!parameterNames.includes(key)) throw refuse(`got an unexpected keyword argument '${shortened(key)}'`);
    if (bound.has(key)) throw refuse(`got multiple values for argument '${key}'`);
    bound.set(key, value);
  }
  // In CPython's order: keywords first, then too many, then too few.
  if (args.length > parameterNames.length) {
    throw refuse(
      `takes ${spanOfArguments(required.length, parameterNames.length)} but ${args.length} ${args.length === 1 ? 'was' : 'were'} given`,
    );
  }
  const missing = required.filter((each) => !bound.has(each)).map((each) => `'${each}'`);
  if (missing.length > 0) {
    throw refuse(
      `missing ${missing.length} required positional argument${missing.length === 1 ? '' : 's'}: ${joinNames(missing)}`,
    );
  }
  return Object.fromEntries(bound);
}

/** A name of any length may come; a message stays one that can be read. */
function shortened(name: string): string {
  return name.length <= longestShownName ? name : `${name.slice(0, longestShownName)}…`;
}

function spanOfArguments(least: number, most: number): string {
  if (least !== most) return `from ${least} to ${most} positional arguments`;
  return `${most} positional argument${most === 1 ? '' : 's'}`;
}

function joinNames(names: readonly string[]): string {
  if (names.length <= 2) return names.join(' and ');
  return `${names.slice(0, -1).join(', ')}, and ${names.at(-1)}`;
}

/** Finds tasks by name or alias. */
export interface TaskRegistry {
  readonly all: readonly Task[];
  /** @throws AppError TASK_UNKNOWN */
  find(name: string): Task;
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
