/** What the meetings of our own must cover, so that a score over them says something. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { loadTaxonomy } from '../../../../../src/models/taxonomy.ts';

const folder = 'tests/fixtures/meetings';
const rowShape = z.object({
  id: z.string(),
  split: z.enum(['train', 'test']),
  kind: z.string().optional(),
  transcript: z.string(),
  labels: z.record(z.string(), z.unknown()),
  acceptable: z.record(z.string(), z.array(z.unknown())).default({}),
});
const rows = readdirSync(folder)
  .filter((name) => name.endsWith('.jsonl'))
  .flatMap((name) => readFileSync(`${folder}/${name}`, 'utf8').trim().split('\n'))
  .map((line) => rowShape.parse(JSON.parse(line)));
const taxonomy = loadTaxonomy(readFileSync('taxonomies/sales-meeting.yaml', 'utf8'), 'sales-meeting.yaml');
const fields = taxonomy.file.fields.filter(({ values }) => values.length > 0);

/** Rows whose label is or holds the value, or where a careful reader could defend it. */
function rowsOf(field: string, value: string) {
  return rows.filter(({ labels, acceptable }) =>
    [labels[field], ...(acceptable[field] ?? [])].flat().map(String).includes(value),
  );
}

/** "No" to a bad meeting is never said: without signs of one the field is null. */
const values = fields.flatMap(({ id, values: all }) => all.map((value) => [id, value.id] as const));

describe('the meetings of our own', () => {
  it('are at least 200, each with an id of its own, in two halves', () => {
    expect(rows.length).toBeGreaterThanOrEqual(200);
    expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
    const test = rows.filter(({ split }) => split === 'test').length;
    expect(test / rows.length).toBeGreaterThan(0.4);
    expect(test / rows.length).toBeLessThan(0.6);
  });

  it('hold every value of the taxonomy at least three times', () => {
    const short = values.filter(([field, value]) => rowsOf(field, value).length < 3).map((each) => each.join('='));
    expect(short).toEqual([]);
  });

  it('hold every value in Spanish and in English', () => {
    const oneSided = values
      .filter(([field]) => field !== 'language')
      .filter(([field, value]) => {
        const languages = new Set(rowsOf(field, value).map(({ labels }) => labels.language));
        return !languages.has('es') || !languages.has('en');
      })
      .map((each) => each.join('='));
    expect(oneSided).toEqual([]);
  });

  it('come in each of the forms in which talk is written down', () => {
    const kinds = new Set(rows.map(({ kind }) => kind));
    for (const kind of [
      ...['dialogue', 'monologue', 'notes', 'asr', 'code-switching', 'injection'],
      ...['negation', 'numbers', 'empty', 'boilerplate'],
    ])
      expect(kinds).toContain(kind);
  });
});
