import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { loadTaxonomy } from '../../../../../src/models/taxonomy.ts';
import { evenFields } from '../../../../../src/services/classification/rules/even-shapes.ts';

const { file } = loadTaxonomy(readFileSync('taxonomies/sales-meeting.yaml', 'utf8'), 'sales-meeting.yaml');

it('leaves fields as they are, but for keys that are undefined', () => {
  expect(evenFields(file.fields)).toEqual(file.fields);
});

it('gives all fields the same keys in the same order, and so their rules, frames and values', () => {
  const fields = evenFields(file.fields);
  const parts = [fields, fields.map(({ decide }) => decide), fields.flatMap(({ frames }) => frames)];
  for (const part of [...parts, fields.flatMap(({ values }) => values)])
    expect(new Set(part.map((each) => Object.keys(each).join(' '))).size).toBe(1);
});
