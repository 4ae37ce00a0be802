import { stringify } from 'csv-stringify/sync';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLineCutter } from '../../../../../src/services/meetings/csv/csv-lines.ts';
import { type CsvRecord, createRecordJoiner } from '../../../../../src/services/meetings/csv/csv-records.ts';

const columns = 7;

function read(pieces: readonly string[], { delimiter = ',', maxRecordChars = 10_000 } = {}): CsvRecord[] {
  const cutter = createLineCutter(maxRecordChars);
  const joiner = createRecordJoiner({ delimiter, columns, maxRecordChars });
  const records = pieces.flatMap((piece) => joiner.push(cutter.push(piece)));
  return [...records, ...joiner.push(cutter.end()), ...joiner.end()];
}

/** Cuts a text at the given places, as a file arrives in pieces. */
function cut(text: string, places: readonly number[]): string[] {
  const sorted = [...new Set(places.map((place) => place % (text.length + 1)))].sort((a, b) => a - b);
  return [0, ...sorted].map((from, index) => text.slice(from, sorted[index] ?? text.length));
}

const awkward = fc.string({ unit: 'binary', maxLength: 12 });
const cell = fc.oneof(
  awkward,
  fc
    .array(fc.constantFrom('"', ',', ';', '\t', '\n', '\r', '\r\n', ' ', 'a', 'ñ', '""', '2024-03-01'), {
      maxLength: 12,
    })
    .map((parts) => parts.join('')),
);
const table = fc.array(fc.array(cell, { minLength: columns, maxLength: columns }), { minLength: 1, maxLength: 8 });
const places = fc.array(fc.nat(), { maxLength: 6 });

describe('reading CSV records', () => {
  it('gives back the cells that csv-stringify wrote, however the text is cut into pieces (E10)', () => {
    fc.assert(
      fc.property(
        table,
        fc.constantFrom(',', ';', '\t'),
        fc.constantFrom('\n', '\r\n', '\r'),
        places,
        (rows, delimiter, ending, cuts) => {
          // Empty rows of one cell cannot be told from blank lines; seven cells always have six delimiters.
          const text = stringify(rows, { delimiter, record_delimiter: ending, quote_record_delimiter: true });
          const records = read(cut(text, cuts), { delimiter });
          expect(records.map((record) => (record.kind === 'row' ? record.cells : record))).toEqual(rows);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('numbers records by their first line (E10)', () => {
    const text = 'a,b,c,d,e,f,"g\nh"\n\na,b,c,d,e,f,g\r\na,"b\r\n\r\n",c,d,e,f,g\na,b,c,d,e,f,g';
    expect(read([text]).map(({ line }) => line)).toEqual([1, 3, 4, 5, 8]);
  });

  it('takes any text without failing, and accounts for every line of it (E10)', () => {
    const noise = fc
      .array(fc.constantFrom('"', '""', ',', '\n', '\r\n', ' ', 'x', 'a,b,c,2024-03-01,d,e,f', '"a"', ',"'), {
        maxLength: 60,
      })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(noise, places, fc.integer({ min: 10, max: 200 }), (text, cuts, maxRecordChars) => {
        const records = read(cut(text, cuts), { maxRecordChars });
        const lines = records.map(({ line }) => line);
        expect(lines).toEqual([...lines].sort((a, b) => a - b));
        expect(new Set(lines).size).toBe(lines.length);
        expect(lines[0] ?? 1).toBe(1);
      }),
      { numRuns: 1000 },
    );
  });

  it('keeps every whole row that follows an unclosed quote (E10)', () => {
    const row = fc.constantFrom(
      'Luis,l@example.com,,2024-03-02,Puma,0,"bien"',
      '"Soto, Eva",e@example.com,,2024-03-03,Zorro,0,"uno ""dos"" tres"',
      'Leo,,,03/03/2024,Zorro,0,sin comillas',
      'Mia,,,2024-03-05,Zorro,0,"dos\nlineas"',
      'Ivo,,,2 de mayo de 2024,Zorro,0,hola',
      'Noa,,,"May 2, 2024",Zorro,0,hola',
      'Teo,,,02-may-24,Zorro,0,hola',
      'Pía,,,02.05.24 3:30 p. m.,Zorro,0,hola',
      'Gil,,,45414.5,Zorro,0,hola',
    );
    fc.assert(
      fc.property(fc.array(row, { maxLength: 5 }), fc.array(row, { maxLength: 8 }), (before, after) => {
        const records = read([[...before, 'Ana,,,2024-03-01,Toro,1,"sin cerrar', ...after].join('\n')]);
        const names = (lines: readonly string[]) => lines.map((line) => /^"?([^,]+)/.exec(line)?.[1]);
        const kept = records.flatMap((record) =>
          record.kind === 'row' ? [/^[^,]+/.exec(record.cells[0] ?? '')?.[0]] : [],
        );
        expect(kept).toEqual([...names(before), ...names(after)]);
        expect(records.filter(({ kind }) => kind === 'broken')).toHaveLength(1);
      }),
    );
  });

  it('says when a line that looks like a row lies inside a quoted cell (E10)', () => {
    const [record] = read(['Ana,,,2024-03-01,Toro,1,"copio lo de ayer:\nLuis,,,2024-03-02,Puma,0,bien"\n']);
    expect(record).toMatchObject({
      kind: 'row',
      notes: ['Line 2 looks like a row of its own but lies inside a quoted cell.'],
    });
  });

  it('holds no more than its limit of a line that never ends (E10)', () => {
    const cutter = createLineCutter(100_000);
    const joiner = createRecordJoiner({ delimiter: ',', columns, maxRecordChars: 100_000 });
    const piece = 'x'.repeat(60_000);
    for (let index = 0; index < 500; index += 1) expect(joiner.push(cutter.push(piece))).toEqual([]);
    const lines = cutter.push('\na,b,c,2024-03-01,e,f,g\n');
    expect(lines[0]?.content.length).toBe(1000);
    expect(joiner.push(lines)).toMatchObject([
      { kind: 'broken', line: 1 },
      { kind: 'row', line: 2 },
    ]);
  });
});
