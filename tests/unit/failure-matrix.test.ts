/** Every fault that the product promises to survive has a test whose title names its row. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const testsFolder = fileURLToPath(new URL('../', import.meta.url));

const rows = (section: string, last: number, first = 1) =>
  Array.from({ length: last - first + 1 }, (_each, index) => `${section}${first + index}`);

/** Rows of HTTP (G) and of callbacks (F8 and on) come with those parts. */
const promised = [
  ...rows('A', 12),
  ...rows('B', 12),
  ...rows('C', 14),
  ...rows('D', 16),
  ...rows('E', 14),
  ...rows('F', 7),
  'G9',
  ...rows('H', 10),
];

it('has a test for each promised row', () => {
  const tested = testedRows();
  const missing = promised.filter((row) => !tested.has(row));
  expect(missing, 'rows without a test whose title names them').toEqual([]);
});

/** Titles name their rows at the end, '… (B1, C1)', or, as older ones do, at the beginning: 'B1 C1 …'. */
function testedRows(): Set<string> {
  const files = readdirSync(testsFolder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.(test|suite)\.ts$/.test(name),
  );
  const lists = [/(?:\(|^\s+)['"`]((?:[A-H]\d{1,2} )+)/gm, /\(([A-H]\d{1,2}(?:,? [A-H]\d{1,2})*)\)['"`],/gm];
  const found = files.flatMap((name) => {
    const text = readFileSync(join(testsFolder, name), 'utf8');
    return lists.flatMap((list) => [...text.matchAll(list)]);
  });
  return new Set(found.flatMap(([, ids = '']) => ids.match(/[A-H]\d{1,2}/g) ?? []));
}
