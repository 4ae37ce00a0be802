import { readFileSync } from 'node:fs';
import { expect, it, test } from 'vitest';
import { loadTaxonomy } from '../../../../src/models/taxonomy.ts';
import { createAnswerRules, emptyResult, isExcluded } from '../../../../src/services/classification/answer-rules.ts';
import type { FieldResult, FieldValue } from '../../../../src/services/classification/classifier.ts';

const { file } = loadTaxonomy(readFileSync('taxonomies/sales-meeting.yaml', 'utf8'), 'sales-meeting.yaml');
const rules = createAnswerRules(file);
const quote = { quote: 'CRM', start: 4, end: 7 };

function resultsOf(answers: Readonly<Record<string, { value: FieldValue; confidence: number }>>): FieldResult[] {
  return file.fields.map(({ id }) => {
    const answer = answers[id];
    return answer === undefined ? emptyResult : { ...answer, evidence: [quote] };
  });
}

function resultOf(results: readonly FieldResult[], id: string): FieldResult | undefined {
  return results[file.fields.findIndex((field) => field.id === id)];
}

it('adds a value that follows a phrases field, with the lower confidence and the quote of that field', () => {
  const results = resultsOf({
    integrations_mentioned: { value: ['crm'], confidence: 0.6 },
    concerns: { value: ['privacy'], confidence: 0.9 },
  });
  rules.apply(results);
  expect(resultOf(results, 'concerns')).toEqual({
    value: ['privacy', 'integration'],
    confidence: 0.6,
    evidence: [quote, quote],
  });
});

it('removes a value that follows a phrases field without an answer', () => {
  const both = resultsOf({ concerns: { value: ['privacy', 'integration'], confidence: 0.9 } });
  rules.apply(both);
  expect(resultOf(both, 'concerns')?.value).toEqual(['privacy']);
  const only = resultsOf({ concerns: { value: ['integration'], confidence: 0.9 } });
  rules.apply(only);
  expect(resultOf(only, 'concerns')).toEqual(emptyResult);
});

it('removes a list value beside a value that excludes it', () => {
  const small = loadTaxonomy(readFileSync('tests/fixtures/small-taxonomy.yaml', 'utf8'), 'small-taxonomy.yaml').file;
  const field = small.fields.find(({ type }) => type === 'list');
  if (field === undefined) throw new Error('The small taxonomy has no list.');
  const [first, second] = field.values;
  if (first === undefined || second === undefined) throw new Error('Its list has fewer than two values.');
  const values = [
    { ...first, follows: undefined, unless: [second.id] },
    { ...second, follows: undefined, unless: [] },
  ];
  const results: FieldResult[] = [{ value: [first.id, second.id], confidence: 0.8, evidence: [quote] }];
  createAnswerRules({ ...small, fields: [{ ...field, values }] }).apply(results);
  expect(results[0]).toEqual({ value: [second.id], confidence: 0.8, evidence: [quote] });
  expect(isExcluded(values[0], new Set([second.id]))).toBe(true);
  expect(isExcluded(values[1], new Set([first.id]))).toBe(false);
});

const sure = { value: 'technology', confidence: 0.8 };
test.each([
  { what: 'no answer', answers: {}, unproven: 0, confidence: 0 },
  { what: 'one answer', answers: { business_sector: sure }, unproven: 0, confidence: 0.5 },
  { what: 'one answer, one claim without evidence', answers: { business_sector: sure }, unproven: 1, confidence: 0.25 },
  {
    what: 'four answers',
    answers: Object.fromEntries(file.fields.slice(0, 4).map(({ id }) => [id, sure])),
    unproven: 0,
    confidence: 0.8,
  },
])('confidence of the whole is $confidence with $what', ({ answers, unproven, confidence }) => {
  expect(rules.judge(resultsOf(answers), { truncated: false, unproven })).toEqual({
    confidence,
    truncated: false,
    needsReview: confidence < file.review_below,
  });
});

it('a shortened transcript needs review at any confidence', () => {
  const answers = Object.fromEntries(file.fields.map(({ id }) => [id, { value: 'x', confidence: 1 }]));
  expect(rules.judge(resultsOf(answers), { truncated: true, unproven: 0 })).toEqual({
    confidence: 1,
    truncated: true,
    needsReview: true,
  });
});
