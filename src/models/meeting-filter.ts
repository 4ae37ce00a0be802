/**
 * The filter grammar for meetings: `primary_pain_point=saturated_support seller="Camila Rojas" met>=90d closed=no`. As that
 * for jobs: terms are separated by spaces and all hold; commas mean "or". Pure: queries/meeting-list.ts runs the terms.
 */
import { AppError } from '../core/errors.ts';
import { parseMoment } from '../core/moment.ts';
import { didYouMean } from '../core/nearest-name.ts';
import { splitTerms, splitValues, unquoted, wordAtFault } from './filter-text.ts';
import type { TaxonomyField, TaxonomyValue } from './taxonomy.ts';

const nameKeys = ['client', 'seller', 'email'] as const;
const flagKeys = ['closed', 'classified', 'needs_review', 'corrected'] as const;
/** Looked for as a piece, without case and accents: `text` in the transcript, `q` in names and the e-mail. */
const pieceKeys = ['text', 'q'] as const;
const compared = ['met', 'confidence'] as const;
export const meetingFilterKeys = ['id', ...nameKeys, ...flagKeys, ...pieceKeys, ...compared] as const;

export type MeetingNameKey = (typeof nameKeys)[number];
export type MeetingFlagKey = (typeof flagKeys)[number];
type Operator = '<' | '<=' | '>' | '>=';

export type MeetingTerm =
  | { readonly key: 'id'; readonly isNot: boolean; readonly values: readonly number[] }
  | { readonly key: MeetingNameKey; readonly isNot: boolean; readonly values: readonly string[] }
  | { readonly key: MeetingFlagKey; readonly value: boolean }
  | { readonly key: (typeof pieceKeys)[number]; readonly isNot: boolean; readonly piece: string }
  /** `at` is ISO 8601. */
  | { readonly key: 'met'; readonly operator: Operator; readonly at: string }
  /** Of the whole classification, 0 to 1. */
  | { readonly key: 'confidence'; readonly operator: Operator; readonly share: number }
  /** Values as text: `healthcare`, `true`, `80/day`; null: the text does not say. */
  | {
      readonly key: 'label';
      readonly field: string;
      readonly isNot: boolean;
      readonly values: readonly (string | null)[];
    };

/** What a filter needs to know of a taxonomy field. */
export type FilterableField = Pick<TaxonomyField, 'id' | 'type'> & {
  readonly values: readonly Pick<TaxonomyValue, 'id'>[];
};

export interface MeetingFilterContext {
  readonly nowMs: number;
  readonly fields: readonly FilterableField[];
}

/** Other words that people use. */
const synonyms: Readonly<Record<string, string>> = {
  sector: 'business_sector',
  stage: 'purchase_stage',
  pain: 'primary_pain_point',
  date: 'met',
  review: 'needs_review',
};
const flagWords = new Map(
  Object.entries({ yes: true, true: true, si: true, sí: true, '1': true, no: false, false: false, '0': false }),
);
const largestId = 2_147_483_647;

/** @throws AppError USAGE that names the term at fault and what was probably meant; for a filter without terms too */
export function parseMeetingFilter(text: string, context: MeetingFilterContext): readonly MeetingTerm[] {
  const { terms, rest } = splitTerms(text);
  const read = terms.map(({ key, operator, value }) => readTerm(key, operator, value, context));
  if (rest !== '') throw unreadable(rest, context);
  if (read.length === 0)
    throw usage('The filter is empty. Give at least one term, such as closed=no, or leave it out.');
  return read;
}

function readTerm(written: string, operator: string, value: string, context: MeetingFilterContext): MeetingTerm {
  const term = `${written}${operator}${value}`;
  const known = knownKeys(context);
  const key = known.includes(written) ? written : (synonyms[written] ?? written);
  if (!known.includes(key)) {
    throw usage(
      `There is no "${written}" in a filter of meetings.${didYouMean(written, [...known, ...Object.keys(synonyms)])} Known: ${known.join(', ')}.`,
    );
  }
  if (key === 'met')
    return { key, operator: asComparison(term, operator), at: readMoment(term, unquoted(value), context) };
  if (key === 'confidence') return { key, operator: asComparison(term, operator), share: readShare(term, value) };
  if (operator !== '=' && operator !== '!=') {
    throw usage(`"${term}": ${key} is compared with = or !=; several values are separated by commas.`);
  }
  const isNot = operator === '!=';
  const values = splitValues(value);
  if (values.some((each) => each === '')) throw usage(`"${term}": a value is missing beside a comma.`);
  if (values.some((each) => each.includes('\0'))) throw usage(`${key}: a NUL character cannot be looked for.`);
  const flag = flagKeys.find((each) => each === key);
  if (flag !== undefined) return { key: flag, value: readFlag(term, values) !== isNot };
  const piece = pieceKeys.find((each) => each === key);
  if (piece !== undefined) return { key: piece, isNot, piece: unquoted(value) };
  const name = nameKeys.find((each) => each === key);
  if (name !== undefined) return { key: name, isNot, values };
  if (key === 'id') return { key, isNot, values: values.map((each) => readId(term, each)) };
  const field = context.fields.find(({ id }) => id === key);
  if (field === undefined) throw new AppError('BUG', `The key ${key} of a filter has no reader.`);
  return { key: 'label', field: key, isNot, values: values.map((each) => readLabel(field, each)) };
}

function knownKeys({ fields }: MeetingFilterContext): readonly string[] {
  return [...meetingFilterKeys, ...fields.map(({ id }) => id)];
}

function asComparison(term: string, operator: string): Operator {
  if (operator === '=' || operator === '!=') {
    throw usage(`"${term}": it is compared with <, <=, > or >=, such as met>=90d or confidence<0.8.`);
  }
  return operator as Operator;
}

function readMoment(term: string, given: string, { nowMs }: MeetingFilterContext): string {
  const at = parseMoment(given, { nowMs, direction: 'past' });
  if (at !== undefined) return at;
  throw usage(
    `"${term}": a time is a date (2026-11-01), a date and time (2026-11-01T09:30Z), or how long ago (3h, 2d, 12w).`,
  );
}

function readShare(term: string, given: string): number {
  const share = Number(given);
  if (/^\d(?:\.\d{1,6})?$/.test(given) && share <= 1) return share;
  throw usage(`"${term}": a confidence is a number from 0 to 1, such as 0.8.`);
}

function readFlag(term: string, values: readonly string[]): boolean {
  const value = values.length === 1 ? flagWords.get((values[0] ?? '').toLowerCase()) : undefined;
  if (value !== undefined) return value;
  throw usage(`"${term}": it is yes or no.`);
}

function readId(term: string, given: string): number {
  const id = Number(given);
  if (/^\d{1,10}$/.test(given) && id >= 1 && id <= largestId) return id;
  throw usage(`"${term}": a meeting is named by its id, a whole number from 1 to ${largestId}.`);
}

function readLabel({ id, type, values }: FilterableField, given: string): string | null {
  if (given.toLowerCase() === 'null') return null;
  if (type === 'boolean') {
    const value = flagWords.get(given.toLowerCase());
    if (value !== undefined) return String(value);
    throw usage(`"${id}" is true, false or null, got "${given}".`);
  }
  if (type === 'phrases' || type === 'quantity') return given;
  const wanted = given.toLowerCase().replace(/[\s-]+/g, '_');
  const choices = values.map((value) => value.id);
  const found = choices.find((each) => each.toLowerCase() === wanted);
  if (found !== undefined) return found;
  throw usage(`"${id}" has no value "${given}".${didYouMean(wanted, choices)} Values: ${choices.join(', ')}, null.`);
}

function unreadable(rest: string, context: MeetingFilterContext): AppError {
  const { word, key, isOpenQuote } = wordAtFault(rest);
  const quote = isOpenQuote ? ' A quote is not closed.' : '';
  return usage(
    `"${word}" is no term of a filter.${quote}${didYouMean(key, knownKeys(context))} A term is a name, a sign and a value without spaces around the sign: closed=no.`,
  );
}

function usage(message: string): AppError {
  return new AppError('USAGE', message);
}
