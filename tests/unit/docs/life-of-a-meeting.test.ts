/** docs/learning/life-of-a-meeting.md names the functions on the path of a meeting; each is defined in the file named beside it. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { codeSpans, readPage, root, sectionOf, tableRows } from './pages.ts';

const page = readPage('docs/learning/life-of-a-meeting.md');

interface Step {
  readonly name: string;
  readonly file: string;
}

const stepsOf = (heading: string): Step[] =>
  tableRows(sectionOf(page, heading)).map(([, name = '', link = '']) => ({
    name: codeSpans(name)[0] ?? '',
    file: /^\[([^\]]+)\]/.exec(link)?.[1] ?? '',
  }));

const toTheRow = [...stepsOf('In the command'), ...stepsOf('In the worker')];
const afterTheRow = stepsOf('After the row');

/** A function, a constant, or a method of an object. */
const isDefined = (name: string, text: string) =>
  new RegExp(`\\b(function|const) ${name}\\b|^ +(async )?${name}\\(`, 'm').test(text);

describe('docs/learning/life-of-a-meeting.md', () => {
  it.each([...toTheRow, ...afterTheRow])('$name is defined in $file', ({ name, file }) => {
    expect(isDefined(name, readFileSync(path.join(root, file), 'utf8')), `${file} defines no ${name}`).toBe(true);
  });

  it('numbers its steps without a gap', () => {
    const numbers = ['In the command', 'In the worker', 'After the row'].flatMap((heading) =>
      tableRows(sectionOf(page, heading)).map(([number]) => Number(number)),
    );
    expect(numbers).toEqual(numbers.map((_each, index) => index + 1));
  });

  it('names at most 35 functions in 28 files before the row is written', () => {
    expect(toTheRow.length).toBeGreaterThan(20);
    expect(toTheRow.length).toBeLessThanOrEqual(35);
    expect(new Set(toTheRow.map(({ file }) => file)).size).toBeLessThanOrEqual(28);
  });
});
