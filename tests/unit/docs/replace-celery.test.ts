/** docs/recipes/replace-celery.md says what is supported; the code and the tests against real Celery have to agree. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { controlCommands } from '../../../src/celery/control/control-commands.ts';
import { allowedDifferences } from '../../celery/differential/differences.ts';
import { codeSpans, readPage, root, sectionOf, tableRows } from './pages.ts';

const page = readPage('docs/recipes/replace-celery.md');
const numbers = (text: string) => [...text.matchAll(/\d+/g)].map(([each]) => Number(each));

describe('docs/recipes/replace-celery.md', () => {
  it('lists every remote control command, its other names, and whether it changes something', () => {
    const told = tableRows(sectionOf(page, 'Remote control')).map(([names = '', kind = '']) => ({
      names: codeSpans(names),
      kind,
    }));
    const known = controlCommands.map(({ name, aliases = [], kind }) => ({
      names: [name, ...aliases],
      kind: kind === 'control' ? 'change' : 'question',
    }));
    const sorted = (rows: typeof told) => [...rows].sort((a, b) => String(a.names).localeCompare(String(b.names)));
    expect(sorted(told)).toEqual(sorted(known));
  });

  it('lists the differences that the differential test allows, with their reasons', () => {
    const allowed = allowedDifferences.map(({ says, reason }) => [says, reason]);
    expect(tableRows(sectionOf(page, 'Differences'))).toEqual(allowed);
  });

  it('accounts for each of the 68 rows of the conformance checklist, and calls none tested that has no test', () => {
    const tested = testedRows();
    const supported = tableRows(sectionOf(page, 'Supported')).flatMap(([, , rows = '']) => numbers(rows));
    const untested = tableRows(sectionOf(page, 'Not tested')).flatMap(([rows = '']) => numbers(rows));
    expect(supported.filter((row) => !tested.has(row))).toEqual([]);
    expect(untested.filter((row) => tested.has(row))).toEqual([]);
    const all = Array.from({ length: 68 }, (_each, index) => index + 1);
    expect([...supported, ...untested].sort((a, b) => a - b)).toEqual(all);
  });
});

/** Titles end with the numbers of their rows, before the ids of faults: '… (7 13)', '… (37 57 67) (F4)'. */
function testedRows(): Set<number> {
  const folder = path.join(root, 'tests/celery');
  const files = readdirSync(folder).filter((name) => name.endsWith('.test.ts'));
  const titles = /(['"`]).*\((\d+(?: \d+)*)\)(?: \([A-H]\d+(?: [A-H]\d+)*\))?\1,/g;
  const found = files.flatMap((name) => [...readFileSync(path.join(folder, name), 'utf8').matchAll(titles)]);
  return new Set(found.flatMap(([, , ids = '']) => numbers(ids)));
}
