/** Files of many date forms, words for closed, separators and encodings, made from a seed and imported whole. */

import { stringify } from 'csv-stringify/sync';
import { afterAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../../../../src/services/evaluation/bootstrap.ts';
import type { DateOrder } from '../../../../../src/services/meetings/csv/date-form.ts';
import { header, importFile, makeStore, makeTempFolder } from './csv-helpers.ts';

const folder = makeTempFolder();
afterAll(() => folder.remove());

interface DateWriter {
  readonly readAs: string;
  /** A file whose days are all at most 12 fits this order and another. */
  readonly order?: DateOrder;
  write(at: Date): string;
  /** A cell that the form does not read. */
  readonly misfit: string;
}

const two = (number: number) => String(number).padStart(2, '0');
const parts = (at: Date) => ({ y: at.getUTCFullYear(), m: at.getUTCMonth() + 1, d: at.getUTCDate() });
const spanish = 'enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre'.split(' ');
const english = 'January February March April May June July August September October November December'.split(' ');
const monthOf = (names: readonly string[], at: Date) => names[at.getUTCMonth()] ?? '';
const clock12 = (at: Date, am: string, pm: string) =>
  `${at.getUTCHours() % 12 || 12}:${two(at.getUTCMinutes())} ${at.getUTCHours() < 12 ? am : pm}`;
const clock24 = (at: Date) => `${at.getUTCHours()}:${two(at.getUTCMinutes())}`;
const serial = (at: Date) => at.getTime() / 86_400_000 + 25_569;

const isTimed = { time: true };
const writers: readonly (DateWriter & { readonly time?: boolean })[] = [
  { readAs: 'year-month-day', write: (at) => at.toISOString().slice(0, 10), misfit: '02/05/2024' },
  { readAs: 'year-month-day', write: (at) => at.toISOString().slice(0, 10).replaceAll('-', '/'), misfit: '45414' },
  { readAs: 'year-month-day', write: (at) => at.toISOString(), misfit: '2024-13-01', ...isTimed },
  ...(['/', '-', '.'] as const).flatMap((mark): DateWriter[] => [
    {
      readAs: 'day-month-year',
      order: 'dmy',
      write: (at) => [two(parts(at).d), two(parts(at).m), parts(at).y].join(mark),
      misfit: ['12', '31', '2024'].join(mark),
    },
    {
      readAs: 'month-day-year',
      order: 'mdy',
      write: (at) => [parts(at).m, parts(at).d, parts(at).y].join(mark),
      misfit: ['31', '12', '2024'].join(mark),
    },
    {
      readAs: 'day-month-year',
      order: 'dmy',
      write: (at) => [parts(at).d, parts(at).m, two(parts(at).y % 100)].join(mark),
      misfit: '2024-05-02',
    },
    {
      readAs: 'month-day-year',
      order: 'mdy',
      write: (at) => [parts(at).m, parts(at).d, two(parts(at).y % 100)].join(mark),
      misfit: '2 de mayo de 2024',
    },
  ]),
  {
    readAs: 'day-month-year',
    order: 'dmy',
    write: (at) => `${two(parts(at).d)}/${two(parts(at).m)}/${parts(at).y} ${clock12(at, 'a. m.', 'p. m.')}`,
    misfit: '12/31/2024 3:30 p. m.',
    ...isTimed,
  },
  {
    readAs: 'month-day-year',
    order: 'mdy',
    write: (at) => `${parts(at).m}/${parts(at).d}/${parts(at).y} ${clock12(at, 'AM', 'PM')}`,
    misfit: '31/12/2024 3:30 PM',
    ...isTimed,
  },
  {
    readAs: 'month names',
    write: (at) => `${parts(at).d} de ${monthOf(spanish, at)} de ${parts(at).y}`,
    misfit: '2 de mayembre de 2024',
  },
  {
    readAs: 'month names',
    write: (at) => `${two(parts(at).d)}-${monthOf(spanish, at).slice(0, 3)}-${two(parts(at).y % 100)} ${clock24(at)}`,
    misfit: '02/05/2024',
    ...isTimed,
  },
  {
    readAs: 'month names',
    write: (at) => `${monthOf(english, at)} ${parts(at).d}, ${parts(at).y}`,
    misfit: 'June 31, 2024',
  },
  {
    readAs: 'month names',
    write: (at) => `${parts(at).d} ${monthOf(english, at).slice(0, 3)} ${parts(at).y}`,
    misfit: 'soon',
  },
  { readAs: 'Excel day numbers', write: (at) => String(Math.floor(serial(at))), misfit: '2024-05-02' },
  { readAs: 'Excel day numbers', write: (at) => serial(at).toFixed(8), misfit: '12345', ...isTimed },
  { readAs: 'Excel day numbers', write: (at) => serial(at).toFixed(6).replace('.', ','), misfit: '', ...isTimed },
];

const closedWords: readonly (readonly [string, string])[] = [
  ['1', '0'],
  ['1.0', '0.0'],
  ['true', 'false'],
  ['TRUE', 'FALSE'],
  ['VERDADERO', 'FALSO'],
  ['SI', 'NO'],
  ['Sí', 'No'],
  ['yes', 'no'],
  ['S', 'N'],
  ['Y', 'N'],
  ['x', ''],
  ['Ganado', 'Perdido'],
  ['Closed Won', 'Closed Lost'],
];

const encodings: readonly ((text: string) => Uint8Array)[] = [
  (text) => Buffer.from(text, 'utf8'),
  (text) => Buffer.from(`\uFEFF${text}`, 'utf8'),
  (text) => Buffer.from(`\uFEFF${text}`, 'utf16le'),
  (text) => Buffer.from(`\uFEFF${text}`, 'utf16le').swap16(),
  (text) => Buffer.from(text, 'latin1'),
];

const rowCount = 30;
const fileCount = 60;

function makeFile(index: number) {
  const random = createRandom(index + 1);
  const pick = <T>(items: readonly T[], at: number): T => items[at % items.length] as T;
  const writer = pick(writers, index);
  const [won, lost] = pick(closedWords, index);
  const delimiter = pick([',', ';', '\t'], Math.floor(random() * 3));
  const encode = pick(encodings, Math.floor(random() * encodings.length));
  const isAmbiguous = writer.order !== undefined && random() < 0.4;
  const rows = Array.from({ length: rowCount }, (_, row) => {
    // Ambiguous files have no day above 12, the others at least two.
    const day = isAmbiguous ? 1 + Math.floor(random() * 12) : row < 2 ? 20 + row : 1 + Math.floor(random() * 28);
    const timeMs = writer.time === true ? Math.floor(random() * 1440) * 60_000 : 0;
    const at = new Date(Date.UTC(2019 + Math.floor(random() * 6), Math.floor(random() * 12), day) + timeMs);
    return { name: `Ñuñoa ${row}`, at, closed: random() < 0.5 };
  });
  const misfitRow = 5 + Math.floor(random() * 20);
  const hasMisfit = !isAmbiguous && random() < 0.5;
  const cells = rows.map(({ name, at, closed }, row) => {
    const date = hasMisfit && row === misfitRow ? writer.misfit : writer.write(at);
    return [name, '', '', date, 'José', closed ? won : lost, 'Hola, ¿cuánto cuesta?'];
  });
  const path = folder.write(encode(stringify([header.split(','), ...cells], { delimiter })));
  const expected = rows.filter((_, row) => !(hasMisfit && row === misfitRow));
  return { path, writer, isAmbiguous, expected, rejectedLines: hasMisfit ? [misfitRow + 2] : [] };
}

describe('files of every date form', () => {
  const files = Array.from({ length: fileCount }, (_, index) => makeFile(index));

  it('are of both kinds: decided by their days, and refused', () => {
    const ambiguous = files.filter(({ isAmbiguous }) => isAmbiguous).length;
    expect(ambiguous).toBeGreaterThan(5);
    expect(ambiguous).toBeLessThan(fileCount - 20);
  });

  it.each(files.map((file, index) => [index, file.writer.write(new Date('2024-05-23T15:30:00Z')), file] as const))(
    'has no wrong cell after the import of file %i, with dates such as %s',
    async (_index, _example, { path, writer, isAmbiguous, expected, rejectedLines }) => {
      if (isAmbiguous) {
        const store = makeStore();
        const refusal = {
          code: 'INPUT_FILE_INVALID',
          message: expect.stringContaining(`--date-order ${writer.order}`),
        };
        await expect(importFile(path, store)).rejects.toMatchObject(refusal);
        expect(store.meetings).toEqual([]);
      }
      const store = makeStore();
      const { report } = await importFile(path, store, { file: { dateOrder: isAmbiguous ? writer.order : undefined } });
      expect(report.datesReadAs).toBe(writer.readAs);
      expect(report.rejected.map(({ line }) => line)).toEqual(rejectedLines);
      const saved = store.meetings.map(({ clientName, meetingAt, closed }) => ({
        name: clientName,
        at: meetingAt,
        closed,
      }));
      expect(saved).toEqual(expected);
    },
  );
});
