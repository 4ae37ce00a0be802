/** Workbooks, transcript files and folders of them, opened as an import opens them. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { AppError } from '../../../../../src/core/errors.ts';
import { importMeetings } from '../../../../../src/services/meetings/import-meetings.ts';
import { previewImport } from '../../../../../src/services/meetings/preview-import.ts';
import { type OpenFilesOptions, openFiles } from '../../../../../src/services/meetings/sources/open-files.ts';
import { header, makeStore, makeTempFolder, now } from '../csv/csv-helpers.ts';
import { type Cell, makeDocument, makeWorkbook, zip } from './office-files.ts';

const temporary = makeTempFolder();
afterAll(() => temporary.remove());

const names = header.split(',');
const row = (cells: { date?: Cell; closed?: Cell; phone?: Cell; name?: string } = {}): readonly Cell[] => [
  cells.name ?? 'Ana',
  'ana@example.com',
  cells.phone ?? '+56 9 1',
  cells.date ?? { date: 45364 },
  'Toro',
  cells.closed ?? true,
  'Hola, ¿cuánto cuesta?',
];

async function read(paths: readonly string[], options: OpenFilesOptions = {}) {
  const opened = await openFiles(paths, { now, ...options });
  const store = makeStore();
  const reports = [];
  for (const { source } of opened) reports.push(await importMeetings(source, { store }, { timeZone: 'UTC', now }));
  return { opened, meetings: store.meetings, reports, report: reports[0] };
}

const workbook = (sheets: Parameters<typeof makeWorkbook>[0]) => temporary.write(makeWorkbook(sheets), 'meetings.xlsx');

async function refusal(work: Promise<unknown>): Promise<string> {
  const error = await work.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(AppError);
  expect(error).toMatchObject({ code: 'INPUT_FILE_INVALID' });
  return (error as AppError).message;
}

describe('a workbook', () => {
  it('is read from its first sheet, dates, booleans and numbers as cells hold them (xlsx)', async () => {
    const path = workbook({
      Marzo: [names, row(), row({ name: 'Luis', date: { date: 45365.625 }, closed: 0, phone: 56912345678 })],
    });
    const { meetings, report } = await read([path]);
    expect(report).toMatchObject({
      encoding: 'Excel workbook',
      delimiter: null,
      datesReadAs: 'year-month-day',
      rejected: [],
    });
    expect(meetings).toMatchObject([
      { clientName: 'Ana', meetingAt: new Date('2024-03-13T00:00:00Z'), closed: true, line: 2 },
      { clientName: 'Luis', meetingAt: new Date('2024-03-14T15:00:00Z'), closed: false, clientPhone: '56912345678' },
    ]);
  });

  it('reads dates that are text or plain numbers (xlsx)', async () => {
    const text = await read([
      workbook({ A: [names, row({ date: '13/03/2024' }), row({ name: 'L', date: '02/03/2024' })] }),
    ]);
    expect(text.meetings[1]?.meetingAt).toEqual(new Date('2024-03-02T00:00:00Z'));
    const numbers = await read([workbook({ A: [names, row({ date: 45364 })] })]);
    expect(numbers.meetings[0]?.meetingAt).toEqual(new Date('2024-03-13T00:00:00Z'));
  });

  it('finds its header below a title and blank rows, and numbers rows as Excel does (xlsx)', async () => {
    const path = workbook({ A: [['Reporte'], [], names, row(), [], row({ name: 'L', date: 'mañana' })] });
    const { report, meetings } = await read([path]);
    expect(meetings).toHaveLength(1);
    expect(report?.fileNotes.join()).toContain('The header is row 3');
    expect(report?.rejected.map(({ line }) => line)).toEqual([6]);
  });

  it.each(['Abril', '2'])('is read from the sheet that --sheet %s names (--sheet)', async (sheet) => {
    const path = workbook({ Marzo: [['nada']], Abril: [names, row()] });
    expect((await read([path], { sheet })).meetings).toHaveLength(1);
  });

  it.each(['Mayo', '9'])('is refused where there is no sheet %s (--sheet)', async (sheet) => {
    expect(await refusal(openFiles([workbook({ Marzo: [names, row()] })], { sheet }))).toContain('has no sheet');
  });

  it.each([
    ['an empty sheet', () => makeWorkbook({ A: [] }), /empty sheet|lacks the column/],
    ['no header', () => makeWorkbook({ A: [row()] }), /does not begin with a header/],
    ['no rows', () => makeWorkbook({ A: [names] }), /no rows/],
    ['another archive', () => zip({ 'a.txt': 'x' }), /could not be read as a workbook/],
    ['half of itself', () => makeWorkbook({ A: [names, row()] }).slice(0, 900), /is damaged/],
    ['text', () => Buffer.from('Nombre;Fecha'), /is no \.xlsx workbook/],
  ])('with %s is refused in one sentence (xlsx)', async (_, make, message) => {
    expect(await refusal(openFiles([temporary.write(make(), 'bad.xlsx')]))).toMatch(message);
  });

  it('that unpacks to hundreds of MiB is refused before it is unpacked (zip bomb)', async () => {
    const message = await refusal(
      openFiles([temporary.write(stating(300, zip({ 'xl/workbook.xml': 'x' })), 'bomb.xlsx')]),
    );
    expect(message).toContain('unpacks to more than 256 MiB');
  });

  it('that states a smaller size than it unpacks to is cut, not followed (zip bomb)', async () => {
    const lying = stating(0, zip({ 'xl/workbook.xml': new Uint8Array(40 * 1024 ** 2) }));
    const before = process.memoryUsage().arrayBuffers;
    await refusal(openFiles([temporary.write(lying, 'lying.xlsx')]));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(24 * 1024 ** 2);
  });
});

/** The archive with another size of its members in its directory. */
function stating(mebibytes: number, archive: Uint8Array): Uint8Array {
  const bytes = Buffer.from(archive);
  const entry = Buffer.from([0x50, 0x4b, 0x01, 0x02]);
  for (let at = bytes.indexOf(entry); at !== -1; at = bytes.indexOf(entry, at + 1)) {
    bytes.writeUInt32LE(mebibytes * 1024 ** 2, at + 24);
  }
  return bytes;
}

const turns = 'Camila: Hola, ¿cuántos mensajes reciben?\nAna: Unos 45 al día.';
const all = { name: 'Ana Ruiz', seller: 'Camila Rojas', date: '2024-05-02' };

describe('a transcript file', () => {
  it.each([
    ['call.txt', turns],
    ['call.md', `# Llamada\n\n**Camila:** Hola\n**Ana:** Hola &amp; adiós\\n`],
    ['call.vtt', 'WEBVTT\n\n1\n00:00:01.000 --> 00:00:04.000\n<v Ana Ruiz>Hola\n'],
    ['call.srt', '1\n00:00:01,000 --> 00:00:04,000\nAna: Hola\n'],
    ['call.json', '{"utterances":[{"speaker":"A","text":"Hola \\"Ana\\"\\n"}]}'],
  ])('%s is one meeting whose transcript is its text as it is (transcript files)', async (name, text) => {
    const { meetings, report } = await read([temporary.write(text, name)], { given: all });
    expect(report).toMatchObject({ rejected: [], warnings: [], encoding: 'transcript files' });
    expect(meetings).toMatchObject([
      {
        clientName: 'Ana Ruiz',
        sellerName: 'Camila Rojas',
        meetingAt: new Date('2024-05-02T00:00:00Z'),
        closed: false,
        transcript: text,
      },
    ]);
  });

  it('call.docx is read by paragraphs, without deleted and doubled text (docx)', async () => {
    const extra =
      '<w:p><w:del><w:r><w:delText>borrado</w:delText></w:r></w:del><mc:AlternateContent><mc:Choice><w:r><w:t>una vez</w:t></w:r></mc:Choice><mc:Fallback><w:r><w:t>dos veces</w:t></w:r></mc:Fallback></mc:AlternateContent></w:p>';
    const path = temporary.write(makeDocument(['Ana\t0:12', 'Hola & <adiós>', 'uno\ndos'], extra), 'call.docx');
    const { meetings } = await read([path], { given: all });
    expect(meetings[0]?.transcript).toBe('Ana\t0:12\nHola & <adiós>\nuno\ndos\nuna vez');
  });

  it('in Windows-1252 or UTF-16 keeps its accents (transcript files)', async () => {
    for (const bytes of [Buffer.from(turns, 'latin1'), Buffer.from(`\uFEFF${turns}`, 'utf16le')]) {
      expect((await read([temporary.write(bytes, 'call.txt')], { given: all })).meetings[0]?.transcript).toBe(turns);
    }
  });

  it.each([
    ['lines at its top', 'head.txt', `Cliente: Ana Ruiz\nVendedora: Camila Rojas\nFecha: 2024-05-02\n\n${turns}`],
    [
      'a title and bold labels',
      'head.md',
      `# Demo\n\n**Client:** Ana Ruiz\n**Sales rep:** Camila Rojas\n- **Date:** May 2, 2024\n\n${turns}`,
    ],
    ['front matter', 'front.md', `---\nclient: "Ana Ruiz"\nowner: Camila Rojas\ndate: 2024-05-02\n---\n${turns}`],
    [
      'keys of JSON',
      'head.json',
      JSON.stringify({ client_name: 'Ana Ruiz', host: 'Camila Rojas', date: 1714608000000, text: turns }),
    ],
  ])('says client, seller and date by %s (transcript files)', async (_, name, text) => {
    const { meetings } = await read([temporary.write(text, name)]);
    expect(meetings).toMatchObject([
      {
        clientName: 'Ana Ruiz',
        sellerName: 'Camila Rojas',
        meetingAt: new Date('2024-05-02T00:00:00Z'),
        transcript: text,
      },
    ]);
  });

  it('does not take turns for what a file says of itself (transcript files)', async () => {
    const { report } = await read([
      temporary.write('Cliente: Hola.\nVendedor: Buenas.\nCliente: ¿Fecha?', 'turns.txt'),
    ]);
    expect(report?.rejected).toEqual([
      {
        line: 1,
        reason: expect.stringMatching(
          /^"turns.txt": The file does not say "Nombre", "Vendedor asignado", "Fecha.*--client, --seller, --date/,
        ),
      },
    ]);
  });

  it.each([
    ['empty.txt', '', /is empty/],
    ['blank.txt', ' \n ', /holds no text/],
    ['x.docx', 'no zip', /damaged/],
    ['other.docx', zip({ 'xl/workbook.xml': '<x/>' }), /no Word document/],
    ['broken.docx', zip({ 'word/document.xml': '<w:p><w:t>a</w:p>' }), /damaged/],
    ['entity.docx', zip({ 'word/document.xml': '<!DOCTYPE a [<!ENTITY b "c">]><w:p><w:t>&b;</w:t></w:p>' }), /damaged/],
    ['bomb.docx', stating(300, zip({ 'word/document.xml': 'x' })), /unpacks to more than/],
    ['x.vtt', Buffer.from('%PDF-1.4'), /PDF document, not a transcript/],
  ])('%s is rejected and costs the others nothing (transcript files)', async (name, content, reason) => {
    const good = temporary.write(turns, 'good.txt');
    const { report, meetings } = await read([temporary.write(content, name), good], { given: all });
    expect(meetings).toHaveLength(1);
    expect(report?.rejected).toEqual([{ line: 1, reason: expect.stringMatching(reason) }]);
  });
});

describe('several files and folders', () => {
  const folder = (name: string, files: Readonly<Record<string, string | Uint8Array>>): string => {
    mkdirSync(temporary.path(name));
    for (const [file, content] of Object.entries(files)) writeFileSync(join(temporary.path(name), file), content);
    return temporary.path(name);
  };

  it('are read in one call: tables each, transcripts together, other files not (folders)', async () => {
    const path = folder('mixed', {
      'a.csv': `${header}\nAna,,,2024-03-13,Toro,1,x\n`,
      'b.xlsx': makeWorkbook({ A: [names, row({ name: 'Luis' })] }),
      'c.txt': turns,
      'd.txt': `${header.replaceAll(',', '\t')}\nEva\t\t\t2024-03-13\tToro\t1\tx\n`,
      'e.vtt': `WEBVTT\n\n${turns}`,
      'photo.png': 'x',
      '.hidden.txt': 'x',
    });
    const { opened, meetings } = await read([path], { given: { seller: 'Camila', date: '2024-05-02', name: 'Zoe' } });
    expect(opened.map(({ name, source }) => [name.replace(path, ''), source.format])).toEqual([
      ['/a.csv', 'csv'],
      ['/b.xlsx', 'xlsx'],
      ['/d.txt', 'csv'],
      ['2 transcript files', 'transcripts'],
    ]);
    expect(meetings.map(({ clientName }) => clientName)).toEqual(['Ana', 'Luis', 'Eva', 'Zoe']);
  });

  it('take client, seller and date of each file from a sidecar in the same folder (--sidecar)', async () => {
    const path = folder('sided', {
      'calls.csv':
        'Archivo;Cliente;Fecha;Vendedor;Ganado\nuno.txt;Ana;13/03/2024;Toro;Sí\nDOS;Luis;02/03/2024;Puma;No\nnone.txt;X;01/03/2024;Y;No\n',
      'uno.txt': turns,
      'dos.vtt': `WEBVTT\n\n${turns}`,
    });
    const { meetings, report } = await read([path], { sidecar: join(path, 'calls.csv'), given: { seller: 'Otro' } });
    expect(
      meetings.map(({ clientName, sellerName, closed, meetingAt }) => [
        clientName,
        sellerName,
        closed,
        meetingAt.toISOString().slice(0, 10),
      ]),
    ).toEqual([
      ['Luis', 'Puma', false, '2024-03-02'],
      ['Ana', 'Toro', true, '2024-03-13'],
    ]);
    expect(report?.fileNotes).toContain('The sidecar names files that were not given: none.txt.');
  });

  it('refuse dates that fit two orders, with the option (--sidecar)', async () => {
    const sidecar = temporary.write('file,client,date,seller\na.txt,Ana,02/03/2024,Toro\n', 'sidecar.csv');
    const files = [temporary.write(turns, 'a.txt')];
    expect(await refusal(openFiles(files, { sidecar }))).toMatch(
      /^The transcript files have dates.*in file 1.*--date-order dmy/,
    );
    expect((await read(files, { sidecar, dateOrder: 'mdy' })).meetings[0]?.meetingAt).toEqual(
      new Date('2024-02-03T00:00:00Z'),
    );
  });

  it('refuse a sidecar without a column of files, and a folder with nothing to read (--sidecar)', async () => {
    const sidecar = temporary.write('client,date\nAna,2024-03-02\n', 'no-file.csv');
    expect(await refusal(openFiles([temporary.write(turns, 'a.txt')], { sidecar }))).toContain('no column "file"');
    expect(await refusal(openFiles([folder('bare', { 'a.png': 'x' })]))).toContain('is a folder without CSV');
  });
});

describe('previewImport', () => {
  it('shows five rows as they would be stored and counts all (--dry-run)', async () => {
    const lines = Array.from({ length: 9 }, (_, index) => `C${index},,,1${index}/03/2024,Toro,x,Hola`);
    const path = temporary.write(
      `Reporte\n${header.replace('Nombre', 'Cliente')}\n${[...lines, lines[0], 'X,,,soon,T,x,y'].join('\n')}\n`,
      'p.csv',
    );
    const [opened] = await openFiles([path], { now });
    if (opened === undefined) throw new Error('no file');
    const request = { timeZone: 'America/Santiago', now, signal: new AbortController().signal };
    const { report, rows, source } = await previewImport(opened.source, request);
    expect(rows.map(({ clientName, line }) => [clientName, line])).toEqual(
      [0, 1, 2, 3, 4].map((at) => [`C${at}`, at + 3]),
    );
    expect(rows[0]).toMatchObject({ meetingAt: new Date('2024-03-10T03:00:00Z'), closed: true });
    expect(report).toMatchObject({
      read: 11,
      inserted: 9,
      existing: 1,
      datesReadAs: 'day-month-year',
      delimiter: 'comma',
    });
    expect(report.rejected.map(({ line }) => line)).toEqual([13]);
    expect(source).toMatchObject({ headerLine: 2, columns: { Nombre: 'Cliente', closed: 'closed' } });
  });
});
