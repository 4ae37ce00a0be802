import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createBodyWriter } from '../../../../../src/services/classification/model/body-writer.ts';
import { anthropicDialect } from '../../../../../src/services/classification/model/providers/anthropic-dialect.ts';
import { partsToSend } from '../../../../../src/services/classification/model/providers/dialect.ts';
import { googleDialect } from '../../../../../src/services/classification/model/providers/google-dialect.ts';
import { openAiDialect } from '../../../../../src/services/classification/model/providers/openai-dialect.ts';

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
  const all = partsToSend(dialect, new Set());
  const textOf = (pieces: readonly (string | Buffer)[]) =>
    Buffer.concat(pieces.map((piece) => Buffer.from(piece))).toString('utf8');

  test('is the JSON of its dialect, byte for byte, whatever is said in it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1, maxLength: 3 }),
        fc.constantFrom(100, 200),
        (texts, maxOutputTokens) => {
          const question = questionOf(texts, maxOutputTokens);
          const pieces = write(question, all);
          expect(textOf(pieces)).toBe(JSON.stringify(dialect.makeBody(question, 'model', all)));
        },
      ),
      { numRuns: 300 },
    );
  });

  test('has other parts as soon as some were refused, and the system message whole in either place', () => {
    const every = new Set(dialect.ladders.flat().map(({ name }) => name));
    const question = questionOf(['Says "temperature".']);
    const [full, bare] = [all, partsToSend(dialect, every)].map((parts) => textOf(write(question, parts)));
    expect(bare).toBe(JSON.stringify(dialect.makeBody(question, 'model', [])));
    expect(JSON.parse(full ?? '')).not.toEqual(JSON.parse(bare ?? ''));
    for (const text of [full, bare]) expect(text).toContain(JSON.stringify('Label "it".\nAlways.').slice(1, -1));
    expect(bare).not.toContain('"temperature":0');
  });
});
