/** Reads a person's correction, `field=value`, against the fields of the taxonomy. */
import { AppError } from '../../core/errors.ts';
import { nearestName } from '../../core/nearest-name.ts';
import type { TaxonomyField, TaxonomyValue } from '../../models/taxonomy.ts';
import type { FieldValue, Quantity } from '../classification/classifier.ts';

/** What a correction needs to know of a taxonomy field. */
export type CorrectableField = Pick<TaxonomyField, 'id' | 'type' | 'periods'> & {
  readonly values: readonly Pick<TaxonomyValue, 'id'>[];
};

export interface Correction {
  readonly field: string;
  readonly value: FieldValue;
}

const booleanWords = new Map(
  Object.entries({ true: true, yes: true, si: true, sí: true, '1': true, false: false, no: false, '0': false }),
);

/**
 * `urgency=true`, `business_sector=retail`, `categories=closed_won,competitor_mention`, `interaction_volume=~80/day`;
 * `null` where the text does not say, nothing after `=` for an empty list. Throws USAGE with what was expected.
 */
export function parseCorrection(text: string, fields: readonly CorrectableField[]): Correction {
  const equals = text.indexOf('=');
  if (equals === -1) throw usage(`A correction is field=value, such as urgency=true, got "${text}".`);
  const id = text.slice(0, equals).trim();
  const field = fields.find((each) => each.id === id.toLowerCase());
  if (!field) {
    const ids = fields.map((each) => each.id);
    throw usage(`There is no field "${id}".${suggest(id, ids)} Fields: ${ids.join(', ')}.`);
  }
  const value = text.slice(equals + 1).trim();
  return { field: field.id, value: value.toLowerCase() === 'null' ? null : readValue(value, field) };
}

function readValue(text: string, field: CorrectableField): FieldValue {
  const choices = field.values.map(({ id }) => id);
  if (field.type === 'list' || field.type === 'phrases') {
    const items = text.split(',').map((item) => item.trim());
    const given = items.filter((item) => item !== '');
    return [...new Set(field.type === 'phrases' ? given : given.map((item) => readChoice(item, field.id, choices)))];
  }
  if (text === '') throw usage(`"${field.id}=" lacks a value. Say ${field.id}=null where the text does not say.`);
  if (field.type === 'enum') return readChoice(text, field.id, choices);
  if (field.type === 'quantity') return readQuantity(text, field);
  const value = booleanWords.get(text.toLowerCase());
  if (value === undefined) throw usage(`"${field.id}" must be true, false or null, got "${text}".`);
  return value;
}

function readChoice(text: string, id: string, choices: readonly string[]): string {
  const wanted = text.toLowerCase().replace(/[\s-]+/g, '_');
  const value = choices.find((each) => each.toLowerCase() === wanted);
  if (value !== undefined) return value;
  throw usage(`"${id}" has no value "${text}".${suggest(wanted, choices)} Values: ${choices.join(', ')}, null.`);
}

function readQuantity(text: string, { id, periods }: CorrectableField): Quantity {
  const match = /^(~?)\s*(\d{1,12})\s*\/\s*(\p{L}+)$/u.exec(text);
  if (!match) throw usage(`"${id}" must be a count per period such as 80/day, or ~80/day for about 80, got "${text}".`);
  return { count: Number(match[2]), period: readChoice(match[3] ?? '', id, periods), approx: match[1] === '~' };
}

function suggest(wrong: string, known: readonly string[]): string {
  const nearest = nearestName(wrong, known);
  return nearest === undefined ? '' : ` Did you mean "${nearest}"?`;
}

function usage(message: string): AppError {
  return new AppError('USAGE', message);
}
