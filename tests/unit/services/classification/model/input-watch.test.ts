import { expect, test } from 'vitest';
import { type CutInput, createInputWatch } from '../../../../../src/services/classification/model/input-watch.ts';

function watch(sentChars: number, ...inputTokens: readonly (number | null)[]): CutInput[] {
  const found: CutInput[] = [];
  const look = createInputWatch((cut) => void found.push(cut));
  const messages = [{ role: 'user', content: 'x'.repeat(sentChars) }] as const;
  for (const each of inputTokens) look(messages, { inputTokens: each, cachedInputTokens: null, outputTokens: 1 });
  return found;
}

test('a server that reads 4,096 tokens of a long prompt is told of once (M7)', () => {
  expect(watch(60_000, 4_096, 4_096, 2_048)).toEqual([{ sentChars: 60_000, inputTokens: 4_096 }]);
});

test.each([
  ['what the tokens of Spanish are', 60_000, 14_500],
  ['what the tokens of English are', 60_000, 12_900],
  ['no figure', 60_000, null],
  ['a figure of 0', 60_000, 0],
])('%s is no sign of a cut prompt (M7)', (_name, chars, tokens) => {
  expect(watch(chars, tokens)).toEqual([]);
});
