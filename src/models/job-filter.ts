/**
 * The filter grammar for jobs: `state=failed,cancelled task=classify_meeting accepted>=2026-11-01 accepted<2d`. Terms are
 * separated by spaces and combined with "and"; commas mean "or". Pure: queries/operations.ts turns the terms into SQL.
 */
import { AppError, errorCodes } from '../core/errors.ts';
import { parseMoment } from '../core/moment.ts';
import { didYouMean, nearestName } from '../core/nearest-name.ts';
import { splitTerms, splitValues, unquoted, wordAtFault } from './filter-text.ts';

/** States that people see. `processing`: a worker runs the job now (Redis knows that, the table does not). `waiting`: its queue is on hold. */
export const filterStates = [
  'queued',
  'waiting',
  'processing',
  'retrying',
  'completed',
  'failed',
  'cancelled',
  'rejected',
] as const;
export type FilterState = (typeof filterStates)[number];
/** Accepted synonyms of states. */
const stateSynonyms: Readonly<Record<string, FilterState>> = { running: 'processing' };

/** The state that a word means, in any case; undefined: none. */
export function stateOf(word: string): FilterState | undefined {
  const given = word.toLowerCase();
  return filterStates.find((each) => each === given) ?? stateSynonyms[given];
}

export const largestRowId = '9223372036854775807';

/** Whether a text can be the cursor of a list of jobs: a row id. */
export function isJobCursor(text: string): boolean {
  return /^[1-9]\d{0,18}$/.test(text) && BigInt(text) <= BigInt(largestRowId);
}

const textKeys = ['id', 'task', 'queue', 'origin', 'worker', 'error'] as const;
const timeKeys = ['accepted', 'started', 'finished'] as const;
export type TextKey = (typeof textKeys)[number];
export type TimeKey = (typeof timeKeys)[number];
export type TimeOperator = '<' | '<=' | '>' | '>=';

export const filterKeys = ['state', ...textKeys, 'meeting', ...timeKeys] as const;

export type FilterTerm =
  | { readonly key: 'state'; readonly isNot: boolean; readonly values: readonly FilterState[] }
  | { readonly key: TextKey; readonly isNot: boolean; readonly values: readonly string[] }
  | { readonly key: 'meeting'; readonly isNot: boolean; readonly values: readonly number[] }
  /** `at` is ISO 8601. */
  | { readonly key: TimeKey; readonly operator: TimeOperator; readonly at: string };

/** Known origins. Others are possible, so a name that is not similar to one of these is accepted. */
const origins = ['cli', 'api', 'import', 'sweep', 'schedule', 'celery'];

const largestMeetingId = 2_147_483_647;

/**
 * Reads a filter. `2d` is the moment two days before `nowMs` (s, m, h, d, w); a date without a time is its first moment in UTC.
 * @throws AppError USAGE that names the wrong term and suggests the likely one; also for a filter without terms
 */
export function parseJobFilter(text: string, nowMs: number): readonly FilterTerm[] {
  const { terms: written, rest } = splitTerms(text);
  const terms = written.map(({ key, operator, value }) => readTerm(key, operator, value, nowMs));
  if (rest !== '') throw unreadable(rest);
  if (terms.length === 0) {
    throw usage('The filter is empty. Give at least one term, such as state=failed; nothing is done to all jobs.');
  }
  return terms;
}

function readTerm(key: string, operator: string, value: string, nowMs: number): FilterTerm {
  const term = `${key}${operator}${value}`;
  const timeKey = timeKeys.find((each) => each === key);
  if (timeKey !== undefined) {
    if (operator === '=' || operator === '!=')
      throw usage(`"${term}": a time is compared with <, <=, > or >=, such as ${key}>=2026-11-01 or ${key}<2d.`);
    return { key: timeKey, operator: operator as TimeOperator, at: readMoment(term, unquoted(value), nowMs) };
  }
  const known = filterKeys.find((each) => each === key);
  if (known === undefined)
    throw usage(
      `There is no "${key}" in a filter of jobs.${didYouMean(key, filterKeys)} Known: ${filterKeys.join(', ')}.`,
    );
  if (operator !== '=' && operator !== '!=')
    throw usage(`"${term}": ${key} is compared with = or !=; several values are separated by commas.`);
  const isNot = operator === '!=';
  const values = splitValues(value);
  if (values.some((each) => each === '')) throw usage(`"${term}": a value is missing beside a comma.`);
  if (known === 'state') return { key: known, isNot, values: values.map(readState) };
  if (known === 'meeting') return { key: known, isNot, values: values.map((each) => readMeetingId(term, each)) };
  const textKey = textKeys.find((each) => each === known);
  if (textKey === undefined) throw new Error(`the key ${known} has no reader`);
  if (values.some((each) => each.includes('\0'))) throw usage(`${key}: a NUL character cannot be looked for.`);
  return { key: textKey, isNot, values: values.map((each) => readText(textKey, each)) };
}

function readState(given: string): FilterState {
  const state = stateOf(given);
  if (state !== undefined) return state;
  throw usage(`There is no state "${given}".${didYouMean(given, filterStates)} Known: ${filterStates.join(', ')}.`);
}

function readMeetingId(term: string, given: string): number {
  const id = Number(given);
  if (/^\d{1,10}$/.test(given) && id >= 1 && id <= largestMeetingId) return id;
  throw usage(`"${term}": a meeting is named by its id, a whole number from 1 to ${largestMeetingId}.`);
}

/** Error codes and origins are open lists: only a value that is similar to a known one is refused as a typo. */
function readText(key: TextKey, given: string): string {
  if (key === 'error') {
    const code = given.toUpperCase();
    refuseSlip(key, code, Object.keys(errorCodes));
    return code;
  }
  if (key === 'origin') refuseSlip(key, given, origins);
  return given;
}

function refuseSlip(key: string, given: string, known: readonly string[]): void {
  const nearest = nearestName(given, known);
  if (nearest === undefined || nearest === given) return;
  throw usage(`There is no ${key} "${given}". Did you mean ${nearest}?`);
}

/** ISO 8601. */
function readMoment(term: string, given: string, nowMs: number): string {
  const at = parseMoment(given, { nowMs, direction: 'past' });
  if (at === undefined) throw notAMoment(term);
  return at;
}

function notAMoment(term: string): AppError {
  return usage(
    `"${term}": a time is a date (2026-11-01), a date and time (2026-11-01T09:30Z), or how long ago (30m, 3h, 2d, 1w).`,
  );
}

function unreadable(rest: string): AppError {
  const { word, key, isOpenQuote } = wordAtFault(rest);
  const example = filterKeys.some((each) => each === key.toLowerCase()) ? `${key}=…` : 'state=failed';
  const quote = isOpenQuote ? ' A quote is not closed.' : '';
  return usage(
    `"${word}" is no term of a filter.${quote}${didYouMean(key, filterKeys)} A term is a name, a sign and a value without spaces around the sign: ${example}.`,
  );
}

function usage(message: string): AppError {
  return new AppError('USAGE', message);
}
