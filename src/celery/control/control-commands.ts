/** The registry of remote control commands; runs a command by its name. */
import { messageOf } from '../../core/errors.ts';
import { pythonError } from '../protocol/python-error.ts';
import { changeCommands, unknownTasks } from './change-commands.ts';
import type { ControlCommand, Join } from './control-command.ts';
import { inspectCommands } from './inspect-commands.ts';
import type { NodeContext } from './node-context.ts';

export const controlCommands: readonly ControlCommand[] = [...inspectCommands, ...changeCommands];

const byName = new Map(
  controlCommands.flatMap((command) =>
    [command.name, ...(command.aliases ?? [])].map((name) => [name, command] as const),
  ),
);

export interface CommandAnswer {
  readonly value: unknown;
  readonly join: Join;
}

/** Runs a command. Never throws: an error is answered in Celery's own form, `{error: "KeyError('nosuchcmd')"}`. */
export async function runCommand(
  context: NodeContext,
  method: string,
  given: Readonly<Record<string, unknown>>,
): Promise<CommandAnswer> {
  const command = byName.get(method);
  if (!command) return { value: { error: pythonError('KeyError', method) }, join: 'first' };
  const { join } = command;
  if (context.isInspectOnly && command.kind === 'control') return { value: { error: refusal(method) }, join };
  const missing = (command.required ?? []).filter((name) => !Object.hasOwn(given, name));
  if (missing.length > 0) return { value: { error: missingArguments(command.name, missing) }, join };
  try {
    return { value: await command.run(context, given), join };
  } catch (error) {
    const message = messageOf(error);
    return { value: { error: pythonError('RuntimeError', message) }, join };
  }
}

function refusal(method: string): string {
  return pythonError(
    'PermissionError',
    `${method} is refused: this worker answers questions only (CELERY_CONTROL=inspect-only)`,
  );
}

function missingArguments(name: string, missing: readonly string[]): string {
  const names = missing.map((each) => `'${each}'`).join(' and ');
  const message = `${name}() missing ${missing.length} required positional argument${missing.length === 1 ? '' : 's'}: ${names}`;
  return pythonError('TypeError', message);
}

/** The answer of a node from those of its processes. An error counts only where no process succeeded. */
export function joinAnswers(join: Join, values: readonly unknown[]): unknown {
  const good = values.filter((value) => !isFailure(value));
  const [first = values[0]] = good;
  if (good.length < 2 || join === 'first') return first;
  switch (join) {
    case 'list':
      return uniqueItems(good.flatMap((value) => (Array.isArray(value) ? value : [])));
    case 'object':
      return Object.assign({}, ...good);
    case 'terminated':
      return joinTerminated(good);
    case 'stats':
      return joinStats(good as readonly Stats[]);
  }
}

function isFailure(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'error' in value;
}

/** Ids that several processes list are listed once; request objects differ by their process. */
function uniqueItems(items: readonly unknown[]): unknown[] {
  const seen = new Set<unknown>();
  return items.filter((item) => typeof item !== 'string' || (!seen.has(item) && seen.add(item)));
}

function joinTerminated(values: readonly unknown[]): unknown {
  const texts = values.flatMap((value) =>
    typeof value === 'object' && value !== null && 'ok' in value && typeof value.ok === 'string' ? [value.ok] : [],
  );
  const stopped = texts.filter((text) => text !== unknownTasks);
  if (stopped.length < 2 || !stopped[0]?.startsWith('terminate: ')) return { ok: stopped[0] ?? texts[0] };
  return { ok: `terminate: ${stopped.map((text) => text.slice('terminate: '.length)).join(', ')}` };
}

interface Stats {
  readonly total: Readonly<Record<string, number>>;
  readonly pool: Readonly<Record<string, unknown>> & {
    readonly 'max-concurrency': number;
    readonly processes: number[];
  };
  readonly prefetch_count: number;
}

function joinStats(all: readonly Stats[]): unknown {
  const total: Record<string, number> = {};
  for (const stats of all) {
    for (const [task, count] of Object.entries(stats.total)) total[task] = (total[task] ?? 0) + count;
  }
  const sum = (of: (stats: Stats) => number) => all.reduce((before, stats) => before + of(stats), 0);
  return {
    ...all[0],
    total,
    pool: {
      ...all[0]?.pool,
      'max-concurrency': sum(({ pool }) => pool['max-concurrency']),
      processes: all.flatMap(({ pool }) => pool.processes),
    },
    prefetch_count: sum((stats) => stats.prefetch_count),
  };
}
