/** Every row of the failure matrix that is promised has a test whose title begins with the row's id. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const testsFolder = fileURLToPath(new URL('../', import.meta.url));
const matrixFile = fileURLToPath(new URL('../../../shared/failure-matrix.md', import.meta.url));

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
  expect(missing, 'rows without a test whose title begins with their id').toEqual([]);
});

it('promises rows that the matrix has, and leaves out no row of sections A to E and H', ({ skip }) => {
  if (!existsSync(matrixFile)) skip(`the failure matrix is not beside this tree (${matrixFile})`);
  const inMatrix = [...readFileSync(matrixFile, 'utf8').matchAll(/^\| ([A-H]\d+) \|/gm)].map(([, id = '']) => id);
  expect(promised.filter((row) => !inMatrix.includes(row))).toEqual([]);
  expect(inMatrix.filter((row) => /^[A-EH]/.test(row) && !promised.includes(row))).toEqual([]);
});

/** A title may begin with several ids: 'B1 C1 a worker …'. */
function testedRows(): Set<string> {
  const files = readdirSync(testsFolder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.(test|suite)\.ts$/.test(name),
  );
  const titles = /(?:\(|^\s+)['"`]((?:[A-H]\d{1,2} )+)/gm;
  const found = files.flatMap((name) => [...readFileSync(join(testsFolder, name), 'utf8').matchAll(titles)]);
  return new Set(found.flatMap(([, ids = '']) => ids.trim().split(' ')));
}
