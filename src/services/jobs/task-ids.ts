/** Task ids as people give them: whole, or the first characters of one. */
import type { Database } from '../../core/connections/database.ts';
import { AppError } from '../../core/errors.ts';
import { findTaskIds, findTaskIdsByPrefix } from '../../models/queries/jobs.ts';

/** Fewer characters would often mean another job than the person thinks of. */
const minPrefixChars = 4;
const maxListedIds = 5;

/**
 * The whole task ids, each once, in the order given. An id that no job has stays as it is.
 * @throws AppError USAGE for a prefix of several ids, with up to five of them; DATABASE_*
 */
export async function completeTaskIds(database: Database, given: readonly string[]): Promise<readonly string[]> {
  const known = new Set(await findTaskIds(database, given));
  const whole: string[] = [];
  for (const each of given) whole.push(known.has(each) ? each : await completeTaskId(database, each));
  return [...new Set(whole)];
}

async function completeTaskId(database: Database, prefix: string): Promise<string> {
  if (prefix.length < minPrefixChars) return prefix;
  const found = await findTaskIdsByPrefix(database, { prefix, limit: maxListedIds + 1 });
  const [first] = found;
  if (first === undefined) return prefix;
  if (found.length === 1) return first;
  const listed = found.slice(0, maxListedIds).join(', ');
  const more = found.length > maxListedIds ? ' and more' : '';
  throw new AppError(
    'USAGE',
    `Several task ids begin with "${prefix}": ${listed}${more}. Give more characters of one.`,
  );
}
