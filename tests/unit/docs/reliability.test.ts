/** docs/reliability.md: each fault has an id, and the tests beside it name that id in a title. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { readPage, root, tableRows } from './pages.ts';

const page = readPage('docs/reliability.md');
const rows = tableRows(page.text).map(([id = '', fault = '', behaviour = '', tests = '']) => ({
  id,
  fault,
  behaviour,
  files: [...tests.matchAll(/\]\(\.\.\/([^)]+)\)/g)].map(([, file = '']) => file),
}));

/** In a title: 'B4 …' at its beginning or '… (B4, E5)' at its end. */
const isNamed = (id: string, text: string) =>
  new RegExp(`['"\`]([A-H]\\d+ )*${id} |\\(([A-H]\\d+,? )*${id}(,? [A-H]\\d+)*\\)['"\`],`).test(text);

describe('docs/reliability.md', () => {
  it('has each id once, and words for each fault', () => {
    expect(rows.length).toBeGreaterThan(80);
    expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
    for (const { id, fault, behaviour, files } of rows) {
      expect(id).toMatch(/^[A-H]\d{1,2}$/);
      expect([fault, behaviour, files[0]].every(Boolean), id).toBe(true);
    }
  });

  it('names test files whose titles name the fault', () => {
    const wrong = rows.flatMap(({ id, files }) =>
      files
        .filter((file) => {
          const full = path.join(root, file);
          return !existsSync(full) || !isNamed(id, readFileSync(full, 'utf8'));
        })
        .map((file) => `${id}: ${file}`),
    );
    expect(wrong).toEqual([]);
  });

  it('has every fault that tests/unit/failure-matrix.test.ts promises', () => {
    const text = readFileSync(path.join(root, 'tests/unit/failure-matrix.test.ts'), 'utf8');
    const ranges = [...text.matchAll(/rows\('([A-H])', (\d+)\)/g)].flatMap(([, section = '', last]) =>
      Array.from({ length: Number(last) }, (_each, index) => `${section}${index + 1}`),
    );
    expect(ranges.length).toBeGreaterThan(80);
    expect(ranges.filter((id) => !rows.some((row) => row.id === id))).toEqual([]);
  });
});
