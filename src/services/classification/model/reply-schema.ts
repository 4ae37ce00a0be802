/** The JSON schema of a reply, made from the taxonomy within the limits of strict structured output. */
import type { Taxonomy } from '../../../models/taxonomy.ts';
import type { FileField } from '../../../models/taxonomy-file.ts';

export type JsonSchema = Readonly<Record<string, unknown>>;

const text = { type: 'string' };
const textOrNull = { type: ['string', 'null'] };
const texts = { type: 'array', items: text };

/** Strict mode requires closed objects whose properties are all required. platform.openai.com/docs/guides/structured-outputs */
export function makeReplySchema({ file }: Taxonomy): JsonSchema {
  const periods = Object.keys(file.grammar.periods);
  return closed({
    fields: closed(Object.fromEntries(file.fields.map((field) => [field.id, makeFieldSchema(field, periods)]))),
    key_topics: texts,
    action_items: texts,
    next_steps: textOrNull,
    summary: textOrNull,
  });
}

function makeFieldSchema(field: FileField, periods: readonly string[]): JsonSchema {
  const confidence = { type: 'number' };
  const ids = field.values.map(({ id }) => id);
  switch (field.type) {
    case 'enum':
      return closed({ value: { type: ['string', 'null'], enum: [...ids, null] }, quotes: texts, confidence });
    case 'boolean':
      return closed({ value: { type: ['boolean', 'null'] }, quotes: texts, confidence });
    case 'quantity': {
      const period = { type: 'string', enum: periods };
      const quantity = closed({ count: { type: 'number' }, period, approx: { type: 'boolean' } });
      return closed({ value: { anyOf: [quantity, { type: 'null' }] }, quotes: texts, confidence });
    }
    case 'list':
      return closed({ items: listOf(closed({ value: { type: 'string', enum: ids }, quote: text })), confidence });
    case 'phrases':
      return closed({ items: listOf(closed({ value: text, quote: text })), confidence });
  }
}

function closed(properties: Readonly<Record<string, JsonSchema>>): JsonSchema {
  return { type: 'object', properties, required: Object.keys(properties), additionalProperties: false };
}

function listOf(items: JsonSchema): JsonSchema {
  return { type: 'array', items };
}
