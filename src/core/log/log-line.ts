/** Formats a log line for a terminal: the emoji of the part, the time, the event, then its fields. */
import { withoutDirectionControls } from '../text-direction.ts';

/** The part an event comes from, by the first word of its name; docs/operations/logs.md lists the same. */
const parts: Readonly<Record<string, string>> = {
  app: '🚀',
  worker: '🚀',
  supervisor: '🚀',
  settings: '🚀',
  redis: '🔴',
  valkey: '🔴',
  database: '🗄️',
  postgres: '🗄️',
  schema: '🗄️',
  migration: '🗄️',
  embedded: '🗄️',
  queue: '📥',
  job: '📥',
  jobs: '📥',
  task: '📥',
  sweep: '📥',
  import: '📥',
  classification: '🤖',
  classifier: '🤖',
  taxonomy: '🤖',
  llm: '🤖',
  celery: '🌸',
  bridge: '🌸',
  api: '🌐',
  http: '🌐',
  webhook: '🌐',
  schedule: '⏰',
  schedules: '⏰',
};

/** Emojis of results, by the rest of the name. They replace the emoji of the part, because the result matters more. */
const endings: readonly (readonly [RegExp, string])[] = [
  [/\.(finished|completed|done)$/, '✅'],
  [/\.(retry|retrying|retried)$/, '⏳'],
  [/\.(failed|poisoned|crashed)$/, '💥'],
];

/** The emoji of an event; each line of level error is shown as a fault. */
export function emojiOf(event: string, level: string): string {
  if (level === 'error' || level === 'fatal') return '💥';
  const ending = endings.find(([pattern]) => pattern.test(event))?.[1];
  if (ending !== undefined) return ending;
  const part = event.split(/[._:]/, 1)[0] ?? '';
  return Object.hasOwn(parts, part) ? (parts[part] ?? '🚀') : '🚀';
}

export interface Palette {
  dim(text: string): string;
  strong(text: string, level: string): string;
}

/** `📥 08:53:13 job.taken_up  jobId=j1-0`, and WARN or ERROR before the event, so that the level is visible without colour. */
export function prettyLine(line: Readonly<Record<string, unknown>>, palette: Palette): string {
  const { level, time, event, ...fields } = line;
  const importance = String(level);
  const said = importance === 'info' ? '' : `${importance.toUpperCase()} `;
  const written = Object.entries(fields).map(([name, value]) => `${palette.dim(`${shown(name)}=`)}${shown(value)}`);
  const head = `${emojiOf(String(event), importance)} ${palette.dim(clockTime(time))} ${palette.strong(`${said}${String(event)}`, importance)}`;
  return written.length === 0 ? head : `${head}  ${written.join(' ')}`;
}

/** Time of day in the operator's time zone. */
function clockTime(time: unknown): string {
  const moment = new Date(String(time));
  return Number.isNaN(moment.getTime()) ? '--:--:--' : moment.toTimeString().slice(0, 8);
}

/** Quotes values with spaces or control characters, so that no value can fake a log line. */
function shown(value: unknown): string {
  if (typeof value === 'string' && /^[\p{L}\p{N}_.:@/%+*…-]+$/u.test(value)) return value;
  return withoutDirectionControls(JSON.stringify(value) ?? '');
}
