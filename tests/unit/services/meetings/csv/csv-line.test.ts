import { parse } from 'csv-parse/sync';
import { describe, expect, it } from 'vitest';
import { csvLine } from '../../../../../src/services/meetings/csv/csv-line.ts';

const readBack = (cell: string) => (parse(csvLine([cell], ',')) as string[][])[0]?.[0];

describe('A cell of a CSV file', () => {
  it.each(['=1+1', '+1', '-1', '@x', '\n=1+1', '\r\n=1', ' =1', '\u00a0@x', '\n\n＝1'])(
    '%j cannot run as a formula (R9)',
    (cell) => {
      expect(readBack(cell)?.startsWith("'")).toBe(true);
    },
  );

  it.each(['a=1', 'Hola\n=x', '', ' texto', '3-4'])('%j stays as it is', (cell) => {
    expect(readBack(cell)).toBe(cell);
  });
});
