import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { AppError } from '../../../../../src/core/errors.ts';
import { openMeetingsCsv } from '../../../../../src/services/meetings/csv/csv-file.ts';
import { header, importFile, makeStore, makeTempFolder } from './csv-helpers.ts';

const folder = makeTempFolder();
const fifoMaker = 'mkfifo';
afterAll(() => folder.remove());

const ana = 'Ana,ana@example.com,+56 9 0000 0001,2024-03-01,Toro,1,"Hola, nos interesa"';
const luis = 'Luis,luis@example.com,+56 9 0000 0002,2024-03-02,Puma,0,"No por ahora"';
const eva = 'Eva,eva@example.com,+56 9 0000 0003,2024-03-03,Zorro,0,"Pidió propuesta"';
const rows = (...lines: string[]) => `${[header, ...lines].join('\n')}\n`;
const withDelimiter = (text: string, delimiter: string) => text.replaceAll(/,(?! )/g, delimiter);
const utf16 = (text: string, isBigEndian = false) => {
  const bytes = Buffer.from(`\uFEFF${text}`, 'utf16le');
  return isBigEndian ? bytes.swap16() : bytes;
};
const trio = ['Ana', 'Luis', 'Eva'];

interface FileCase {
  readonly title: string;
  readonly content: string | Uint8Array;
  /** Names of the clients whose meetings are saved. */
  readonly saved: readonly string[];
  /** Lines of the rejected rows. */
  readonly rejected?: readonly number[];
  readonly reason?: RegExp;
  readonly encoding?: string;
  readonly delimiter?: string;
  readonly note?: RegExp;
  readonly warning?: RegExp;
  readonly transcripts?: readonly (string | null)[];
}

const readable: readonly FileCase[] = [
  { title: 'plain UTF-8', content: rows(ana, luis, eva), saved: trio, encoding: 'UTF-8', delimiter: 'comma' },
  { title: 'UTF-8 with BOM', content: `\uFEFF${rows(ana)}`, saved: ['Ana'], encoding: 'UTF-8 with BOM' },
  { title: 'UTF-16 LE', content: utf16(rows(ana, eva)), saved: ['Ana', 'Eva'], encoding: 'UTF-16 LE' },
  { title: 'UTF-16 BE', content: utf16(rows(ana, eva), true), saved: ['Ana', 'Eva'], encoding: 'UTF-16 BE' },
  {
    title: 'Windows-1252',
    content: Buffer.from(rows(eva), 'latin1'),
    saved: ['Eva'],
    encoding: 'Windows-1252',
    transcripts: ['Pidió propuesta'],
  },
  {
    title: 'UTF-8 with one damaged byte',
    content: Buffer.concat([
      Buffer.from(rows(eva, eva.replace('Eva', 'Zoé Ñañez').replaceAll('eva', 'zoe'))),
      Buffer.from([0xff]),
    ]),
    saved: ['Eva', 'Zoé Ñañez'],
    rejected: [4],
    encoding: 'UTF-8',
    note: /1 damaged/,
  },
  { title: 'semicolons', content: withDelimiter(rows(ana, luis), ';'), saved: ['Ana', 'Luis'], delimiter: 'semicolon' },
  { title: 'tabs', content: withDelimiter(rows(ana, luis), '\t'), saved: ['Ana', 'Luis'], delimiter: 'tab' },
  { title: 'a sep= line', content: `sep=;\n${withDelimiter(rows(ana), ';')}`, saved: ['Ana'], delimiter: 'semicolon' },
  { title: 'CRLF', content: rows(ana, luis).replaceAll('\n', '\r\n'), saved: ['Ana', 'Luis'] },
  { title: 'CR alone', content: rows(ana, luis).replaceAll('\n', '\r'), saved: ['Ana', 'Luis'] },
  { title: 'no line ending at the end', content: rows(ana, luis).trimEnd(), saved: ['Ana', 'Luis'] },
  {
    title: 'blank lines and rows of empty cells',
    content: rows('', ana, '   ', ',,,,,,', luis),
    saved: ['Ana', 'Luis'],
  },
  { title: 'blank lines before the header', content: `\n\n${rows(ana)}`, saved: ['Ana'] },
  {
    title: 'columns in another order, case, accents and spaces',
    content:
      'TRANSCRIPCIÓN,Closed,vendedor  asignado,Fecha de la Reunión,numero_de_telefono,Correo Electrónico, nombre \nhola,1,Toro,2024-03-01,,ana@example.com,Ana\n',
    saved: ['Ana'],
    transcripts: ['hola'],
  },
  { title: 'further columns', content: `${header},Nota\n${ana},x\n`, saved: ['Ana'], note: /ignored: "Nota"/ },
  { title: 'empty cells beyond the last column', content: rows(`${ana},,`, `${luis},`), saved: ['Ana', 'Luis'] },
  {
    title: 'a cell too few',
    content: rows(ana, 'Luis,,,2024-03-02,Puma,0', eva),
    saved: ['Ana', 'Eva'],
    rejected: [3],
    reason: /6 cells, the header has 7/,
  },
  {
    title: 'a cell too many',
    content: rows(ana, `${luis},algo`, eva),
    saved: ['Ana', 'Eva'],
    rejected: [3],
    reason: /8 cells/,
  },
  {
    title: 'quoted line breaks and delimiters',
    content: rows('Ana,,,2024-03-01,Toro,1,"uno,\ndos ""tres""\r\ncuatro"', luis),
    saved: ['Ana', 'Luis'],
    transcripts: ['uno,\ndos "tres"\ncuatro', 'No por ahora'],
  },
  {
    title: 'a stray quote inside an unquoted cell',
    content: rows('Ana,,,2024-03-01,Toro,1,pantalla de 24" nueva', luis, eva),
    saved: trio,
    transcripts: ['pantalla de 24" nueva', 'No por ahora', 'Pidió propuesta'],
  },
  {
    title: 'quotes inside a quoted cell that are not doubled',
    content: rows('Ana,,,2024-03-01,Toro,1,"el "jefe" dijo\nque "no" quiere"', luis),
    saved: ['Ana', 'Luis'],
    transcripts: ['el "jefe" dijo\nque "no" quiere', 'No por ahora'],
    warning: /not doubled/,
  },
  {
    title: 'a quoted word at the start of an unquoted cell',
    content: rows('"El Rey" S.A.,,,2024-03-01,Toro,1,"hola"', luis),
    saved: ['"El Rey" S.A.', 'Luis'],
    warning: /not doubled/,
  },
  {
    title: 'spaces around quoted cells',
    content: rows('Ana, "ana@example.com" ,,2024-03-01, Toro,1, "hola, que tal" '),
    saved: ['Ana'],
    transcripts: ['hola, que tal'],
  },
  {
    title: 'an unclosed quote before quoted rows',
    content: rows('Ana,,,2024-03-01,Toro,1,"sin cerrar', luis, eva),
    saved: ['Luis', 'Eva'],
    rejected: [2],
    reason: /not closed/,
  },
  {
    title: 'an unclosed quote before unquoted rows, to the end of the file',
    content: rows(
      'Ana,,,2024-03-01,Toro,1,"sin cerrar',
      'Luis,,,2024-03-02,Puma,0,bien',
      'Eva,,,2024-03-03,Zorro,0,bien',
    ),
    saved: ['Luis', 'Eva'],
    rejected: [2],
    reason: /still open at the end/,
  },
  {
    title: 'an unclosed quote whose cell has lines of its own',
    content: rows('Ana,,,2024-03-01,Toro,1,"sin cerrar', 'segunda linea', luis, eva),
    saved: ['Luis', 'Eva'],
    rejected: [2],
    reason: /lines 2 to 3/,
  },
  {
    title: 'an unclosed quote in the last row',
    content: rows(ana, 'Luis,,,2024-03-02,Puma,0,"y entonces'),
    saved: ['Ana'],
    rejected: [3],
    reason: /still open/,
  },
  {
    title: 'an unclosed quote that meets a quote in a cell two rows on',
    content: rows(
      'Ana,,,2024-03-01,Toro,1,"sin cerrar',
      'Luis,,,2024-03-02,Puma,0,bien',
      'Eva,,,2024-03-03,Zorro,0,"a" b',
    ),
    saved: ['Luis', 'Eva'],
    rejected: [2],
    warning: /not doubled/,
  },
  {
    title: 'a cell of 5 MB',
    content: rows(ana, `Luis,,,2024-03-02,Puma,0,"${'x'.repeat(5_000_000)}"`, eva),
    saved: ['Ana', 'Eva'],
    rejected: [3],
    reason: /longer than 4,100,000/,
  },
  {
    title: 'a cell of 5 MB in lines',
    content: rows(ana, `Luis,,,2024-03-02,Puma,0,"${`${'x'.repeat(99)}\n`.repeat(50_000)}"`, eva),
    saved: ['Ana', 'Eva'],
    rejected: [3],
    reason: /lines 3 to 50003/,
  },
  {
    title: 'a transcript one character too long',
    content: rows(
      `Ana,,,2024-03-01,Toro,1,${'x'.repeat(2_000_000)}`,
      `Luis,,,2024-03-02,Puma,0,${'x'.repeat(2_000_001)}`,
    ),
    saved: ['Ana'],
    rejected: [3],
    reason: /2,000,001 characters/,
  },
  {
    title: 'NUL, a lone surrogate, decomposed accents, bidi marks',
    content: utf16(rows('Ana,,,2024-03-01,Toro,1,"a\0b \uD800 cafe\u0301 \u202Ex"')),
    saved: ['Ana'],
    transcripts: ['ab \uFFFD café \u202Ex'],
  },
  {
    title: 'formulas',
    content: rows(`=cmd|' /C calc'!A0,,'+56 9 0000 0001,2024-03-01,@Toro,1,-2 y +3`),
    saved: [`=cmd|' /C calc'!A0`],
    transcripts: ['-2 y +3'],
  },
  {
    title: 'blank transcripts',
    content: rows('Ana,,,2024-03-01,Toro,1,"  \n "', 'Luis,,,2024-03-02,Puma,0,'),
    saved: ['Ana', 'Luis'],
    transcripts: [null, null],
  },
  {
    title: 'a row of everything wrong',
    content: rows(ana, ',x@,,2024-02-30,,quizas,hola', eva),
    saved: ['Ana', 'Eva'],
    rejected: [3],
    reason: /"Nombre" is empty.*"Correo Electronico" is not.*"Vendedor asignado" is empty.*no calendar.*must be 0, 1/,
  },
];

describe('openMeetingsCsv', () => {
  it.each(readable)('imports a file with $title (E10, E3)', async (file) => {
    const path = folder.write(file.content);
    const store = makeStore();
    const { report } = await importFile(path, store);

    expect(store.meetings.map((meeting) => meeting.clientName)).toEqual(file.saved);
    expect(report.rejected.map(({ line }) => line)).toEqual(file.rejected ?? []);
    expect(report.read).toBe(file.saved.length + (file.rejected?.length ?? 0));
    if (file.reason) expect(report.rejected[0]?.reason).toMatch(file.reason);
    if (file.encoding) expect(report.encoding).toBe(file.encoding);
    if (file.delimiter) expect(report.delimiter).toBe(file.delimiter);
    if (file.transcripts) expect(store.meetings.map(({ transcript }) => transcript)).toEqual(file.transcripts);
    expect(report.fileNotes.join()).toMatch(file.note ?? /^$/);
    expect(report.warnings.map(({ reason }) => reason).join()).toMatch(file.warning ?? /^$/);
  });

  it.each(readable.filter(({ content }) => content.length < 10_000))(
    'finds nothing new when a file with $title is imported again (E10)',
    async (file) => {
      const path = folder.write(file.content);
      const store = makeStore();
      await importFile(path, store);
      const { report, insertedIds } = await importFile(path, store);
      expect(report).toMatchObject({ inserted: 0, existing: file.saved.length, differing: [] });
      expect(insertedIds).toEqual([]);
    },
  );

  const refused: readonly { title: string; content: string | Uint8Array; message: RegExp }[] = [
    { title: 'an empty file', content: '', message: /is empty/ },
    { title: 'white space only', content: ' \n\n', message: /is empty/ },
    { title: 'a header only', content: `${header}\n`, message: /a header and no rows/ },
    { title: 'a header and blank lines', content: `${header}\n\n,,,,,,\n`, message: /a header and no rows/ },
    {
      title: 'no header',
      content: `${ana}\n${luis}\n`,
      message: /does not begin with a header: the first line has 7 cells/,
    },
    {
      title: 'a missing column',
      content: rows(ana).replace(',closed,', ','),
      message: /lacks the column "closed"\. Expected: Nombre,Correo/,
    },
    {
      title: 'misspelt columns',
      content: rows(ana).replace('Transcripcion', 'Trascripción').replace('Correo Electronico', 'Coreo Electronic'),
      message:
        /Did you mean "Coreo Electronic" instead of "Correo Electronico", "Trascripción" instead of "Transcripcion"\?/,
    },
    { title: 'a column twice', content: `${header},Nombre\n${ana},x\n`, message: /has the column "Nombre" twice/ },
    {
      title: 'a workbook or zip bomb',
      content: Buffer.from('PK\x03\x04\x14\0'),
      message: /Excel workbook or another zip/,
    },
    { title: 'gzip', content: Buffer.from([0x1f, 0x8b, 8, 0]), message: /gzip/ },
    {
      title: 'UTF-16 without a byte order mark',
      content: Buffer.from(rows(ana), 'utf16le'),
      message: /without a byte order mark/,
    },
    { title: 'one endless line', content: 'x'.repeat(6_000_000), message: /the first line has one cell/ },
  ];

  it.each(refused)('refuses $title with a sentence that says why (E10)', async ({ content, message }) => {
    const path = folder.write(content);
    const error = await openMeetingsCsv(path).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(AppError);
    expect(error).toMatchObject({ code: 'INPUT_FILE_INVALID', exitCode: 2 });
    expect((error as AppError).message).toMatch(message);
    expect((error as AppError).message).toContain(path);
  });

  it('does not show what people said when a file has no header', async () => {
    const error = await openMeetingsCsv(folder.write(`${ana}\n`)).catch((reason: unknown) => reason);
    expect((error as AppError).message).not.toMatch(/Ana|interesa/);
  });

  it('keeps the first 200,000 rows of a larger file and says where to split it (E10)', async () => {
    const path = folder.write(`${header}\n${'Ana,,,2024-03-01,Toro,1,\n'.repeat(200_005)}`);
    const { report } = await importFile(path, makeStore(), { chunkRows: 100_000 });
    expect(report).toMatchObject({ read: 200_001, inserted: 1, existing: 199_999 });
    expect(report.rejected).toEqual([{ line: 200_002, reason: expect.stringContaining('200,000 rows') }]);
  }, 60_000);
});

describe('openMeetingsCsv paths', () => {
  const failure = (path: string) =>
    openMeetingsCsv(path).then(
      () => 'opened',
      (error: unknown) => (error instanceof AppError ? `${error.code} ${error.message}` : error),
    );

  it('reads a regular file through a symlink (E11)', async () => {
    const link = folder.path('link.csv');
    symlinkSync(folder.write(rows(ana)), link);
    expect(await failure(link)).toBe('opened');
  });

  it('refuses a folder, also through a symlink (E11)', async () => {
    mkdirSync(folder.path('folder'));
    symlinkSync(folder.path('folder'), folder.path('folder-link'));
    expect(await failure(folder.path('folder'))).toMatch(/^INPUT_FILE_INVALID .*is a folder/);
    expect(await failure(folder.path('folder-link'))).toMatch(/is a folder/);
  });

  it.skipIf(process.platform === 'win32')(
    'refuses a FIFO without waiting for its writer, and a device (E11)',
    async () => {
      execFileSync(fifoMaker, [folder.path('fifo')]);
      expect(await failure(folder.path('fifo'))).toMatch(/is a pipe or device/);
      expect(await failure('/dev/zero')).toMatch(/is a pipe or device/);
    },
  );

  it.each([
    ['a missing file', 'nowhere.csv', /does not exist/],
    ['a path through a file', 'file.csv/x', /does not exist/],
    ['a path of passwords', '../../../../../../../etc/passwd', /does not begin with a header|cannot|does not exist/],
    ['a URL', 'https://example.com/meetings.csv', /is a URL/],
    ['nothing', '', /does not exist/],
    ['a NUL', 'a\0b', /"a\\0b" cannot be opened/],
    ['a very long name', 'x'.repeat(5000), /cannot be opened \(ENAMETOOLONG\)/],
  ])('refuses %s (E11)', async (_, path, message) => {
    folder.write('x', 'file.csv');
    expect(await failure(path === 'file.csv/x' ? folder.path(path) : path)).toMatch(message);
  });
});
