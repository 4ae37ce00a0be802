/** The JSON schema of a reply, made from the taxonomy within the limits of strict structured output. */
import type { Taxonomy } from '../../../models/taxonomy.ts';
import type { FileField } from '../../../models/taxonomy-file.ts';
import { isObject } from './providers/json-value.ts';

export type JsonSchema = Readonly<Record<string, unknown>>;

const text = { type: 'string' };
const textOrNull = { type: ['string', 'null'] };
const texts = { type: 'array', items: text };

/** Strict mode requires closed objects whose properties are all required. platform.openai.com/docs/guides/structured-outputs */
export function makeReplySchema({ file }: Taxonomy): JsonSchema {
  const periods = Object.keys(file.grammar.periods);
  return closed({
    fields: closed(Object.fromEntries(file.fields.map((field) => [field.id, orNull(makeFieldSchema(field, periods))]))),
    key_topics: texts,
    action_items: texts,
    next_steps: textOrNull,
    summary: textOrNull,
  });
}

/** Quotes come before the value: a model writes in this order, and so decides after it has looked for the proof. */
function makeFieldSchema(field: FileField, periods: readonly string[]): JsonSchema {
  const confidence = { type: 'number' };
  const ids = field.values.map(({ id }) => id);
  switch (field.type) {
    case 'enum':
      return closed({ quotes: texts, value: { type: 'string', enum: ids }, confidence });
    case 'boolean':
      return closed({ quotes: texts, value: { type: 'boolean' }, confidence });
    case 'quantity': {
      const period = { type: 'string', enum: periods };
      const quantity = closed({ count: { type: 'number' }, period, approx: { type: 'boolean' } });
      return closed({ quotes: texts, value: quantity, confidence });
    }
    case 'list':
      return closed({ items: listOf(closed({ quote: text, value: { type: 'string', enum: ids } })), confidence });
    case 'phrases':
      return closed({ items: listOf(closed({ quote: text, value: text })), confidence });
  }
}

function closed(properties: Readonly<Record<string, JsonSchema>>): JsonSchema {
  return { type: 'object', properties, required: Object.keys(properties), additionalProperties: false };
}

/** A field that was not found. */
function orNull(schema: JsonSchema): JsonSchema {
  return { anyOf: [schema, { type: 'null' }] };
}

/** The schema for an API without strict mode: fields that were not found may be left out. */
export function withOptionalFields(schema: JsonSchema): JsonSchema {
  const { properties } = schema;
  if (!isObject(properties) || !isObject(properties.fields)) return schema;
  return { ...schema, properties: { ...properties, fields: { ...properties.fields, required: [] } } };
}

function listOf(items: JsonSchema): JsonSchema {
  return { type: 'array', items };
}
