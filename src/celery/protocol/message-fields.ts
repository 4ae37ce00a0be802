/** Reads single fields of a task message: moments, numbers, texts. Pure. */
import { AppError } from '../../core/errors.ts';

/** When a message expires: at a moment (milliseconds since 1970), or so many seconds after its arrival. */
export type Expiry = { readonly atMs: number } | { readonly inSeconds: number };

/** Longer ids do not fit an index of PostgreSQL. */
const maxIdChars = 1_000;

/** ISO 8601 to the second or finer; without a zone it is UTC. */
const momentPattern =
  /^(?!0000)(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:[.,](\d{1,9}))?)?\s*(Z|[+-]\d\d:?\d\d)?$/;

export function momentOf(value: unknown, name: string): number | null {
  if (value === null || value === undefined || value === '') return null;
  const [, day, time = '00:00', fraction = '0', zone = 'Z'] = momentPattern.exec(String(value)) ?? [];
  const colonZone = zone.replace(/^([+-]\d\d)(\d\d)$/, '$1:$2');
  const ms = Date.parse(
    `${day}T${time.length === 5 ? `${time}:00` : time}.${fraction.padEnd(3, '0').slice(0, 3)}${colonZone}`,
  );
  if (Number.isNaN(ms)) throw invalidMessage(`its ${name} is no date and time`);
  return ms;
}

export function momentText(ms: number | null | undefined): string | null {
  return ms === null || ms === undefined ? null : new Date(ms).toISOString().replace('Z', '000+00:00');
}

/** Python's `isoformat()` of the moment; what Python sent stays as it is. */
export function momentTextOf(value: unknown, name: string): string | null {
  if (typeof value === 'string' && /^[\d-]{10}T[\d:]{8}(\.\d{6})?[+-]\d\d:\d\d$/.test(value)) return value;
  return momentText(momentOf(value, name))?.replace('.000000', '') ?? null;
}

/** A number means seconds from now; Celery itself writes moments only. */
export function expiresOf(value: unknown): Expiry | null {
  if (typeof value === 'number') return { inSeconds: value };
  const atMs = momentOf(value, 'expires');
  return atMs === null ? null : { atMs };
}

export function limitOf(value: unknown): number | null {
  return typeof value === 'number' && value > 0 ? value : null;
}

export function wholeNumber(value: unknown, min: number): number | null {
  return typeof value === 'number' && Number.isInteger(value) && value >= min && value <= 2_147_483_647 ? value : null;
}

export function textOf(value: unknown): string | null {
  return isUsableText(value) ? value : null;
}

/** PostgreSQL stores neither NUL nor half of a surrogate pair. */
export function isUsableText(value: unknown): value is string {
  return (
    typeof value === 'string' && value !== '' && value.length <= maxIdChars && !/\0/.test(value) && isWellFormed(value)
  );
}

/** Celery itself writes at most 1,024 characters. */
export function shownText(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value.slice(0, 2_048) : null;
}

function isWellFormed(text: string): boolean {
  return !/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(text);
}

export function invalidMessage(reason: string): AppError {
  return new AppError('MESSAGE_INVALID', `The message is no task that can be run: ${reason}. Look at its sender.`);
}
