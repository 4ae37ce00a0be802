/** The ids under which the API polls for a message: it chooses an id and passes it as api_task_id. Pure. */
import type { TaskRegistry } from '../../core/task.ts';
import type { ReadCall } from '../protocol/task-message.ts';

export interface ApiPolls {
  readonly apiTaskIds: readonly string[];
  /** As the caller wrote it; null if it is no number. */
  readonly meetingId: number | null;
}

/** The positions of both in the API's calls: `[meeting_id, force_reprocess, callback_url, api_task_id]`. */
const apiParameters = ['meeting_id', 'force_reprocess', 'callback_url', 'api_task_id'];
const maxIdChars = 1_000;
const idPattern = /^[\w:.-]{1,200}$/;

/** For a call that is not run: its arguments may be wrong, or its task unknown. */
export function readApiPolls({ task, args, kwargs }: ReadCall, registry: TaskRegistry): ApiPolls {
  const known = registry.all.find(({ name, aliases }) => task !== null && (name === task || aliases.includes(task)));
  const names = known?.parameterNames ?? apiParameters;
  const given = (name: string) => [kwargs[name], names.includes(name) ? args[names.indexOf(name)] : undefined];
  const [named, positional] = given('api_task_id').map(idOf);
  // The fourth argument of an unknown task may be any text, so it must look like an id.
  const isId = positional !== undefined && (known !== undefined || idPattern.test(positional));
  const apiTaskIds = [...(named === undefined ? [] : [named]), ...(isId ? [positional] : [])];
  const meetingId = given('meeting_id').find((each) => typeof each === 'number') ?? null;
  return { apiTaskIds: [...new Set(apiTaskIds)], meetingId };
}

/** The API polls for a number by its digits. */
function idOf(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' && value.length <= maxIdChars ? value : undefined;
}
