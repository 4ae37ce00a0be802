/** Under which ids the API polls for a message: it makes an id of its own and passes it as api_task_id. Pure. */
import type { TaskRegistry } from '../../core/task.ts';
import type { ReadCall } from '../protocol/task-message.ts';

export interface ApiPolls {
  readonly apiTaskIds: readonly string[];
  /** As the caller named it; null where that is no number. */
  readonly meetingId: number | null;
}

/** Where the API puts both: `[meeting_id, force_reprocess, callback_url, api_task_id]`. */
const apiParameters = ['meeting_id', 'force_reprocess', 'callback_url', 'api_task_id'];
const maxIdChars = 1_000;
const idPattern = /^[\w:.-]{1,200}$/;

/** Of a call that is not run: its arguments may be wrong, or its task unknown. */
export function readApiPolls({ task, args, kwargs }: ReadCall, registry: TaskRegistry): ApiPolls {
  const known = registry.all.find(({ name, aliases }) => task !== null && (name === task || aliases.includes(task)));
  const names = known?.parameterNames ?? apiParameters;
  const given = (name: string) => [kwargs[name], names.includes(name) ? args[names.indexOf(name)] : undefined];
  const [named, positional] = given('api_task_id').map(idOf);
  // The fourth argument of another program's task may be any text.
  const isId = positional !== undefined && (known !== undefined || idPattern.test(positional));
  const apiTaskIds = [...(named === undefined ? [] : [named]), ...(isId ? [positional] : [])];
  const meetingId = given('meeting_id').find((each) => typeof each === 'number') ?? null;
  return { apiTaskIds: [...new Set(apiTaskIds)], meetingId };
}

/** A number is polled for by its digits. */
function idOf(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' && value.length <= maxIdChars ? value : undefined;
}
