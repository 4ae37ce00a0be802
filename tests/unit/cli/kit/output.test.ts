import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { alignedTable } from '../../../../src/cli/kit/aligned-table.ts';
import { barChart, paint, tabSeparated } from '../../../../src/cli/kit/output.ts';
import { wrapWords } from '../../../../src/cli/kit/wrap.ts';

const plain = { widthChars: 80, hasColours: false };

describe('a table on a terminal', () => {
  it('aligns its columns under the head', () => {
    const table = alignedTable(
      ['id', 'client', 'sector'],
      [
        [7, 'Peñalolén SpA', 'retail'],
        [1234, 'Ana', null],
      ],
      plain,
    );
    expect(table.split('\n')).toEqual([
      'id    client         sector',
      '7     Peñalolén SpA  retail',
      '1234  Ana            -',
    ]);
  });

  it('wraps the last column between words rather than pass the edge', () => {
    const words = 'one sentence that is far too long for a terminal of so few characters';
    const lines = alignedTable(['name', 'meaning'], [['REDIS_URL', words]], { ...plain, widthChars: 40 }).split('\n');
    expect(lines.length).toBeGreaterThan(3);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(40);
    expect(lines.map((line) => line.slice(11).trim()).join(' ')).toBe(`meaning ${words}`);
  });

  it('fits 80 columns and breaks between words, or after the punctuation of a name (N5)', () => {
    const rows = Array.from({ length: 3 }, (_, n) => [
      `0b9ff9a${n}`,
      'reports.monthly_summary_by_seller',
      12,
      'processing',
      'WORKER_LOST_WHILE_PROCESSING',
      'a note of many words that nothing else has room for here',
    ]);
    const table = alignedTable(['task id', 'task', 'meeting', 'state', 'error', 'why'], rows, plain);
    expect(Math.max(...table.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(table).not.toContain('…');
    for (const word of ['processing', '0b9ff9a2', 'nothing', 'WORKER_']) expect(table).toContain(word);
  });

  it('loses no character of any cell, however narrow it is (N5)', () => {
    const cell = fc.string({ unit: fc.constantFrom('a', 'b', '_', '-', '.', ' '), maxLength: 40 });
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, cell, cell), { minLength: 1, maxLength: 3 }), fc.nat(60), (rows, width) => {
        const options = { widthChars: 20 + width, hasColours: false };
        const letters = (text: string) => text.replaceAll(/\s/g, '').length;
        const shown = alignedTable(['x', 'y', 'z'], rows, options);
        expect(letters(shown)).toBe(3 + letters(rows.flat().join('')));
      }),
    );
  });

  it('lets no cell forge a line, move the cursor or colour the rest', () => {
    const cell = fc.string({ unit: 'binary', maxLength: 20 });
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 4 }), (rows) => {
        // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what must not be there
        const unsafe = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/;
        expect(alignedTable(['a', 'b'], rows, plain)).not.toMatch(unsafe);
        expect(tabSeparated(['a', 'b'], rows).split('\n')).toHaveLength(rows.length + 1);
      }),
      { endOnFailure: true },
    );
  }, 30_000);
});

describe('a table elsewhere', () => {
  it('is one row a line, separated by tabs', () => {
    expect(
      tabSeparated(
        ['id', 'note'],
        [
          [1, 'two\tparts\nhere'],
          [2, null],
        ],
      ),
    ).toBe('id\tnote\n1\ttwo parts here\n2\t-');
  });
});

describe('prose on a terminal', () => {
  it('breaks between words, keeps its indentation, and counts no colour', () => {
    const text = `  one two ${paint('yellow', 'three four', true)} five\n\nsix seven eight nine`;
    expect(wrapWords(text, 15).split('\n')).toEqual([
      '  one two \u001b[33mthree',
      '  four\u001b[39m five',
      '',
      'six seven eight',
      'nine',
    ]);
  });

  it('loses nothing but line ends, and passes the edge with a word that is longer alone', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'é', '-'), minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 20 }), (words) => {
        const lines = wrapWords(words.join(' '), 20).split('\n');
        expect(lines.join(' ')).toBe(words.join(' '));
        expect(lines.every((line) => line.length <= 20 || !line.includes(' '))).toBe(true);
      }),
    );
  });
});

describe('a chart', () => {
  it('scales bars to the largest value and shows a sliver for a small one', () => {
    const rows = [
      { label: 'retail', value: 400 },
      { label: 'salud', value: 200 },
      { label: 'ngo', value: 1 },
      { label: 'mining', value: 0 },
    ];
    expect(barChart(rows, { widthChars: 10, hasColours: false }).split('\n')).toEqual([
      'retail  ██████████ 400',
      'salud   █████ 200',
      'ngo     ▏ 1',
      'mining   0',
    ]);
  });

  it('of nothing is empty', () => {
    expect(barChart([], { widthChars: 10, hasColours: false })).toBe('');
  });
});

describe('colour', () => {
  it('is there only where the stream has it', () => {
    expect(paint('red', 'x', false)).toBe('x');
    expect(paint(['bold', 'red'], 'x', true)).toBe('\u001b[1m\u001b[31mx\u001b[39m\u001b[22m');
  });
});
