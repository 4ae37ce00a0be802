import { describe, expect, test } from 'vitest';
import { describeShape, writeSystemPrompt } from '../../../../../src/services/classification/model/prompt.ts';
import { anthropicDialect } from '../../../../../src/services/classification/model/providers/anthropic-dialect.ts';
import { partsToSend } from '../../../../../src/services/classification/model/providers/dialect.ts';
import { createReplyReader } from '../../../../../src/services/classification/model/read-reply.ts';
import { makeReplySchema, withOptionalFields } from '../../../../../src/services/classification/model/reply-schema.ts';
import { salesTaxonomy } from '../../../../helpers/llm-classifier.ts';

const prompt = writeSystemPrompt(salesTaxonomy);
const schema = makeReplySchema(salesTaxonomy);
const optional = salesTaxonomy.file.fields.filter(({ quote }) => quote === 'optional').map(({ id }) => id);

describe('the prompt', () => {
  test('asks for quotes before values, in rules, shape and schema (M13)', () => {
    expect(prompt).toContain('copy the quotes first, then decide');
    expect(describeShape(salesTaxonomy)).not.toMatch(/"value"[^{}]*"quotes?"/);
    const properties = JSON.stringify(schema).match(/"properties":\{"(?:quotes?|value)"/g) ?? [];
    expect(new Set(properties)).toEqual(new Set(['"properties":{"quotes"', '"properties":{"quote"']));
  });

  test('says of each field without a needed quote that it needs none (M13)', () => {
    expect(optional.length).toBeGreaterThan(0);
    const lines = prompt.split('\n').filter((line) => /^- \w+ \(/.test(line));
    const marked = lines.filter((line) => line.includes('(no quote needed)')).map((line) => /^- (\w+)/.exec(line)?.[1]);
    expect(marked).toEqual(optional);
    expect(prompt).not.toContain('Every value rests on quotes');
  });

  test('explains the placeholders that a transcript may hold (M13)', () => {
    for (const word of ['[EMAIL_1]', '[PHONE_1]', '[CARD_1]', '[ID_1]', '[…]']) expect(prompt).toContain(word);
  });

  test('does not describe the shape that the schema gives, and is the same for every transcript (M13)', () => {
    expect(prompt).not.toContain('"key_topics":');
    expect(writeSystemPrompt(salesTaxonomy)).toBe(prompt);
  });
});

test('only labels that were found are asked for: others are null, or absent without strict mode (M13)', () => {
  const read = createReplyReader(salesTaxonomy);
  const reply = { fields: { business_sector: { quotes: ['a'], value: 'healthcare', confidence: 1 }, urgency: null } };
  expect(read(JSON.stringify(reply))?.faults).toEqual([]);
  expect(read('{"fields": {}}')?.faults).toEqual([]);
  expect(read('{"something": {}}')).toBeUndefined();
  expect(withOptionalFields(schema)).toMatchObject({ properties: { fields: { required: [] } } });
});

test('Anthropic keeps tools and instructions in its cache, unless a server does not know it (M13)', () => {
  const question = {
    messages: [{ role: 'system', content: 's' }],
    schema,
    schemaName: 'x',
    shape: '',
    maxOutputTokens: 9,
  } as const;
  const bodyOf = (refused: readonly string[]) =>
    anthropicDialect.makeBody(question, 'm', partsToSend(anthropicDialect, new Set(refused)));
  expect(bodyOf([]).system).toEqual([{ type: 'text', text: 's', cache_control: { type: 'ephemeral' } }]);
  expect(bodyOf(['cache_control']).system).toBe('s');
});
