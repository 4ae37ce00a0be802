import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anthropicDialect } from '../../../../../src/services/classification/llm/anthropic-dialect.ts';
import { createBodyWriter } from '../../../../../src/services/classification/llm/body-writer.ts';
import { googleDialect } from '../../../../../src/services/classification/llm/google-dialect.ts';
import { openAiDialect } from '../../../../../src/services/classification/llm/openai-dialect.ts';

const schema = { type: 'object', description: 'ñ “quoted” \\ {}' };
const questionOf = (texts: readonly string[], maxOutputTokens = 100) => ({
  messages: [
    { role: 'system' as const, content: 'Label "it".\nAlways.' },
    ...texts.map((content, index) => ({ role: index % 2 === 0 ? ('user' as const) : ('assistant' as const), content })),
  ],
  schema,
  schemaName: 'labels',
  maxOutputTokens,
});

describe.each([
  ['OpenAI', openAiDialect('max_tokens')],
  ['Anthropic', anthropicDialect],
  ['Google', googleDialect],
])('a request to %s', (_name, dialect) => {
  const write = createBodyWriter(dialect, 'model');
  const textOf = (pieces: readonly (string | Buffer)[]) =>
    Buffer.concat(pieces.map((piece) => Buffer.from(piece))).toString('utf8');

  test('is the JSON of its dialect, byte for byte, whatever is said in it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1, maxLength: 3 }),
        fc.constantFrom(100, 200),
        (texts, maxOutputTokens) => {
          const question = questionOf(texts, maxOutputTokens);
          const { pieces } = write(question, new Set());
          expect(textOf(pieces)).toBe(JSON.stringify(dialect.makeBody(question, 'model', new Set())));
        },
      ),
      { numRuns: 300 },
    );
  });

  test('leaves out what was refused, and knows what it holds', () => {
    const name = dialect.dispensable[0] ?? '';
    expect(write(questionOf([`"${name}"`]), new Set()).has(name)).toBe(true);
    const { pieces, has } = write(questionOf([`"${name}"`]), new Set([name]));
    expect(has(name)).toBe(false);
    expect(textOf(pieces)).toBe(JSON.stringify(dialect.makeBody(questionOf([`"${name}"`]), 'model', new Set([name]))));
  });
});
