/** Forms of CSV files that people have: headers of other programs, what spreadsheets add and break, what is told of it. */
import { afterAll, describe, expect, it } from 'vitest';
import type { MeetingCell } from '../../../../../src/services/meetings/csv/column-names.ts';
import type { CsvOptions } from '../../../../../src/services/meetings/csv/csv-file.ts';
import { header, importFile, makeStore, makeTempFolder } from './csv-helpers.ts';

const folder = makeTempFolder();
afterAll(() => folder.remove());

const row = 'Ana,ana@example.com,+56 9 0000 0001,2024-03-13,Toro,1,Hola';
const lines = (...all: string[]) => `${all.join('\n')}\n`;

async function read(content: string | Uint8Array, file: CsvOptions = {}) {
  const store = makeStore();
  const { report } = await importFile(folder.write(content), store, { file });
  return { meetings: store.meetings, report, notes: report.fileNotes.join('\n') };
}

/** The one meeting of a file. */
async function readOne(content: string | Uint8Array, file: CsvOptions = {}) {
  const { meetings, report, notes } = await read(content, file);
  expect(report.rejected).toEqual([]);
  expect(meetings).toHaveLength(1);
  return { meeting: meetings[0], report, notes };
}

async function refusal(content: string, file: CsvOptions = {}): Promise<string> {
  const store = makeStore();
  const error = await importFile(folder.write(content), store, { file }).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'INPUT_FILE_INVALID' });
  expect(store.meetings).toEqual([]);
  return (error as Error).message;
}

const expected = {
  clientName: 'Ana Ruiz',
  clientEmail: 'ana@example.com',
  clientPhone: '+56 9 0000 0001',
  sellerName: 'Toro',
  meetingAt: new Date('2024-03-13T00:00:00Z'),
  closed: true,
  transcript: 'Hola',
};
const mail = 'ana@example.com';
const phone = '+56 9 0000 0001';

describe('headers of other programs', () => {
  it.each([
    [
      'plain English',
      'name,email,phone,date,owner,closed,transcript',
      `Ana Ruiz,${mail},${phone},2024-03-13,Toro,yes,Hola`,
    ],
    [
      'longer English',
      'Customer Name,E-mail address,Phone number,Meeting Date,Sales Rep,Won?,Call Transcript',
      `Ana Ruiz,${mail},${phone},2024-03-13,Toro,TRUE,Hola`,
    ],
    [
      'HubSpot calls with deals',
      'Record ID,First Name,Last Name,Email,Phone Number,Activity date,Activity assigned to,Deal Stage,Call Transcript,Contact owner',
      `1,Ana,Ruiz,${mail},${phone},2024-03-13 00:00,Toro,Closed Won,Hola,Puma`,
    ],
    [
      'HubSpot in Spanish',
      'ID de registro,Nombre,Apellido,Correo,Número de teléfono,Fecha de la actividad,Propietario del negocio,Etapa del negocio,Transcripción de la llamada',
      `1,Ana,Ruiz,${mail},${phone},2024-03-13,Toro,Cierre ganado,Hola`,
    ],
    [
      'Salesforce',
      'Account Name,Contact: Full Name,Contact: Email,Contact: Phone,Opportunity Owner,Stage,Activity Date,Transcript',
      `Ruiz SpA,Ana Ruiz,${mail},${phone},Toro,Closed Won,2024-03-13,Hola`,
    ],
    [
      'Pipedrive',
      'Deal - Title,Deal - Owner,Deal - Status,Person - Name,Person - Email,Person - Phone,Activity - Due date,Activity - Note',
      `Plan anual,Toro,Won,Ana Ruiz,${mail},${phone},2024-03-13,Hola`,
    ],
    [
      'shuffled Spanish',
      'transcripción,Vendedor,Fecha,Cerrado,Cliente,Teléfono,Correo',
      `Hola,Toro,2024-03-13,Sí,Ana Ruiz,${phone},${mail}`,
    ],
    [
      'date and time in two columns',
      'Cliente,Correo,Teléfono,Fecha,Hora,Vendedor,Ganado,Transcripción',
      `Ana Ruiz,${mail},${phone},2024-03-13,00:00,Toro,x,Hola`,
    ],
  ])('reads a file with %s (CSV headers)', async (_, names, cells) => {
    const { meeting, notes } = await readOne(lines(names, cells));
    expect(meeting).toMatchObject(expected);
    expect(notes).toContain('Columns read under another name: ');
  });

  it('keeps extra columns in the report (CSV headers)', async () => {
    const { notes } = await readOne(lines(`${header},Ciudad,Plan`, `${row},Lima,B`));
    expect(notes).toBe('Columns that are ignored: "Ciudad", "Plan".');
  });

  it.each([
    ['Transcripcion', 'Call words'],
    ['transcript', 'call words'],
    ['Transcripción', 'Call  words'],
  ])('takes the column that --map "%s=%s" names (--map)', async (_, column) => {
    const content = lines(header.replace('Transcripcion', 'Call words'), row);
    expect(await refusal(content)).toMatch(
      /lacks the column "Transcripcion".*Call words.*--map "Transcripcion=COLUMN"/,
    );
    const map = new Map<MeetingCell, string>([['transcript', column]]);
    expect((await readOne(content, { map })).meeting?.transcript).toBe('Hola');
  });

  it('prefers the mapped column to one of the right name (--map)', async () => {
    const map = new Map<MeetingCell, string>([['seller', 'Segundo']]);
    const { meeting } = await readOne(lines(`${header},Segundo`, `${row},Puma`), { map });
    expect(meeting?.sellerName).toBe('Puma');
  });

  it('says which columns there are where --map names another (--map)', async () => {
    const map = new Map<MeetingCell, string>([['seller', 'Tercero']]);
    expect(await refusal(lines(header, row), { map })).toMatch(/no column "Tercero".*Its columns: "Nombre", /);
  });

  it('refuses two columns that may both be meant, with the options to give (CSV headers)', async () => {
    const names = 'Client,Customer,Email,Phone,Date,Seller,Won,Transcript';
    const cells = `Ana Ruiz,Luis,${mail},${phone},2024-03-13,Toro,1,Hola`;
    const message = await refusal(lines(names, cells));
    expect(message).toMatch(/"Client" and "Customer".*Give --map "Nombre=Client" or --map "Nombre=Customer"/);
    const map = new Map<MeetingCell, string>([['name', 'Client']]);
    expect((await readOne(lines(names, cells), { map })).meeting).toMatchObject(expected);
  });

  it('does not guess what "Closed" means beside "Won" (CSV headers)', async () => {
    const names = 'Name,Email,Phone,Date,Seller,Closed,Won,Transcript';
    expect(await refusal(lines(names, `Ana,,,2024-03-13,Toro,1,0,Hola`))).toContain('--map "closed=Won"');
  });

  it('does without e-mail and phone, and says so (CSV headers)', async () => {
    const { meeting, notes } = await readOne(
      lines('Cliente,Fecha,Vendedor,Cerrado,Transcripción', 'Ana,2024-03-13,Toro,no,Hola'),
    );
    expect(meeting).toMatchObject({ clientName: 'Ana', clientEmail: null, clientPhone: null, closed: false });
    expect(notes).toContain('The file has no column "Correo Electronico" and "Numero de Telefono"');
  });
});

describe('what is above the rows', () => {
  it.each([
    ['a title row', ['Reporte de reuniones 2024', header, row], 2],
    [
      'a title row of cells, a blank row and a date row',
      ['Reporte,,,,,,', '', 'Generado: 2024-03-20,,,,,,', header, row],
      4,
    ],
    ['a blank row of cells', [',,,,,,', header, row], 2],
    ['a sep= line in quotes', ['"sep=,"', header, row], 2],
    ['a sep= line with empty cells', ['sep=,,,,,,,', header, row], 2],
  ])('finds the header below %s (CSV header row)', async (_, all, line) => {
    const { meeting, report } = await readOne(lines(...all));
    expect(meeting).toMatchObject({ clientName: 'Ana', transcript: 'Hola' });
    expect(report.rejected).toEqual([]);
    if (line > 2) expect(report.fileNotes.join()).toContain(`The header is line ${line}`);
  });

  it('takes the separator that a quoted sep= line names (CSV header row)', async () => {
    const { report } = await readOne(`"sep=;"\n${lines(header, row).replaceAll(',', ';')}`);
    expect(report.delimiter).toBe('semicolon');
  });

  it.each([
    ['a line break', header.replace('Fecha de la Reunion', '"Fecha de\nla Reunion"')],
    ['a line break and a return', header.replace('Numero de Telefono', '"Numero\r\nde Telefono"')],
    ['zero-width spaces', header.replace('Nombre', '\u200bNom\u200bbre\u2060')],
    ['no-break spaces and marks', header.replace('Vendedor asignado', '\u00a0Vendedor\u00a0asignado: *')],
    ['letters decoded twice', header.replace('Transcripcion', 'TranscripciÃ³n')],
  ])('reads a header cell with %s (CSV header row)', async (_, names) => {
    const { meeting, report } = await readOne(lines(names, row));
    expect(meeting).toMatchObject({ clientName: 'Ana', sellerName: 'Toro', transcript: 'Hola' });
    expect(report.rejected).toEqual([]);
  });

  it('numbers rows by their lines below a header of two lines (CSV header row)', async () => {
    const names = header.replace('Fecha de la Reunion', '"Fecha de\nla Reunion"');
    const { report } = await read(lines(names, row, 'Eva,,,2024-02-30,Toro,1,x'));
    expect(report.rejected.map(({ line }) => line)).toEqual([4]);
  });

  it.each(['|', ';', '\t'])('reads cells separated by %j (CSV |)', async (delimiter) => {
    const { report, meeting } = await readOne(lines(header, row).replaceAll(',', delimiter));
    expect(report.delimiter).toBe({ '|': 'pipe', ';': 'semicolon', '\t': 'tab' }[delimiter]);
    expect(meeting?.transcript).toBe('Hola');
  });
});

describe('quotes written as \\"', () => {
  const escaped = (transcript: string) => lines(header, `Ana,,,2024-03-13,Toro,1,"${transcript}"`, row);

  it.each([
    ['dijo \\"hola, que tal\\", y luego\\nnada', 'dijo "hola, que tal", y luego\nnada'],
    ['dijo \\"hola\\"', 'dijo "hola"'],
    ['una \\"cita\\"\n\\"otra\\"; y \\\\ barra', 'una "cita"\n"otra"; y \\ barra'],
  ])('reads "%s" (CSV \\")', async (written, transcript) => {
    const { meetings, report, notes } = await read(escaped(written));
    expect(report.rejected).toEqual([]);
    expect(meetings.map((meeting) => meeting.transcript)).toEqual([transcript, 'Hola']);
    expect(notes).toContain('written as \\"');
  });

  it('leaves a backslash at the end of a cell and doubled quotes as they are (CSV \\")', async () => {
    const { meetings, notes } = await read(lines(header, 'Ana,,,2024-03-13,Toro,1,"la ""carpeta"" C:\\"', row));
    expect(meetings[0]?.transcript).toBe('la "carpeta" C:\\');
    expect(notes).toBe('');
  });
});

describe('one row per utterance', () => {
  const names = 'call_id,Cliente,Fecha,Vendedor,Ganado,speaker,text';
  const calls = lines(
    names,
    '7,Ana,2024-03-13,Toro,x,Toro,"Hola, Ana."',
    '8,Luis,2024-03-14,Puma,,Luis,Buenas.',
    '7,Ana,2024-03-13,Toro,x,Ana,Hola. ¿Precio?',
    '8,,,,,Puma,Hola.',
  );

  it('makes one meeting of each call with --group-by (CSV --group-by)', async () => {
    const { meetings, report } = await read(calls, { groupBy: 'call_id' });
    expect(report).toMatchObject({ read: 2, inserted: 2, rejected: [], differing: [] });
    expect(meetings.map(({ clientName, transcript, closed }) => [clientName, closed, transcript])).toEqual([
      ['Ana', true, 'Toro: Hola, Ana.\nAna: Hola. ¿Precio?'],
      ['Luis', false, 'Luis: Buenas.\nPuma: Hola.'],
    ]);
  });

  it('refuses such a file without it, and names the option (CSV --group-by)', async () => {
    expect(await refusal(calls)).toContain('Give --group-by "call_id"');
  });

  it('tells rows of a call that differ, and rows of no call (CSV --group-by)', async () => {
    const content = lines(
      names,
      '7,Ana,2024-03-13,Toro,x,Ana,a',
      '7,Eva,2024-03-13,Toro,x,Ana,b',
      ',Eva,2024-03-13,Toro,x,Ana,c',
    );
    const { report, meetings } = await read(content, { groupBy: 'Call ID' });
    expect(meetings.map(({ transcript }) => transcript)).toEqual(['Ana: a\nAna: b']);
    expect(report.warnings).toEqual([{ line: 2, reason: expect.stringContaining('differ in "Nombre"') }]);
    expect(report.rejected).toEqual([{ line: 4, reason: expect.stringContaining('which call') }]);
  });
});

describe('cells that another program changed', () => {
  const of = (cells: Partial<Record<'name' | 'email' | 'phone' | 'closed' | 'transcript', string>>) =>
    lines(
      header,
      [
        cells.name ?? 'Ana',
        cells.email ?? '',
        cells.phone ?? '',
        '2024-03-13',
        'Toro',
        cells.closed ?? '1',
        cells.transcript ?? 'Hola',
      ]
        .map((cell) => `"${cell}"`)
        .join(','),
    );

  it.each([
    ['N/A', null],
    ['-', null],
    ['sin correo', null],
    ['mailto:Ana@Example.com', 'ana@example.com'],
    ['Ana Ruiz <ana@example.com>', 'ana@example.com'],
    ['<mailto:ana@example.com>;', 'ana@example.com'],
  ])('reads the e-mail cell %j (CSV e-mail)', async (email, stored) => {
    expect((await readOne(of({ email }))).meeting?.clientEmail).toBe(stored);
  });

  it.each(['N/A', 'n/a', '#N/A', 'NULL', 'Sin transcripción', '—'])(
    'reads the transcript %j as none, and tells it (CSV N/A)',
    async (transcript) => {
      const { meeting, notes } = await readOne(of({ transcript }));
      expect(meeting?.transcript).toBeNull();
      expect(notes).toMatch(/"no value" \("N\/A"\) were read as empty in 1 row, first in line 2/);
    },
  );

  it.each(['5,69E+10', '5.69E+10', '5.6912E10'])(
    'leaves out the rounded phone %j, and tells it (CSV phone)',
    async (rounded) => {
      const { meeting, report } = await readOne(of({ phone: rounded }));
      expect(meeting?.clientPhone).toBeNull();
      expect(report.warnings[0]?.reason).toContain(`"Numero de Telefono" is "${rounded}": a spreadsheet rounded`);
    },
  );

  it.each([
    ['5.6912345678E+10', '56912345678'],
    ['56912345678.0', '56912345678'],
  ])('writes out the phone %j, which lost no digit (CSV phone)', async (given, stored) => {
    const { meeting, notes } = await readOne(of({ phone: given }));
    expect(meeting?.clientPhone).toBe(stored);
    expect(notes).toContain('another form');
  });

  it.each([
    ['ClÃ­nica Ã‘uÃ±oa', 'Clínica Ñuñoa'],
    ['Cl√≠nica Peque√±a', 'Clínica Pequeña'],
    ['Â¿CuÃ¡nto cuesta? â€œmuchoâ€\u009d', '¿Cuánto cuesta? “mucho”'],
  ])('repairs %j, and tells it (CSV mojibake)', async (name, stored) => {
    const { meeting, notes } = await readOne(of({ name }));
    expect(meeting?.clientName).toBe(stored);
    expect(notes).toContain('repaired in 1 row');
  });

  it.each(['«CAFÉ»', 'São João', 'Ñandú, ÁÉÍÓÚ', 'Crème brûlée', 'Ã', 'A√B'])(
    'leaves %j as it is (CSV mojibake)',
    async (name) => {
      const { meeting, notes } = await readOne(of({ name }));
      expect(meeting?.clientName).toBe(name);
      expect(notes).toBe('');
    },
  );

  it.each([
    ['Tom &amp; Hijos', 'Tom & Hijos'],
    ['Cl&iacute;nica &#39;Sur&#x27;', "Clínica 'Sur'"],
  ])('decodes %j, and tells it (CSV entities)', async (name, stored) => {
    const { meeting, notes } = await readOne(of({ name }));
    expect(meeting?.clientName).toBe(stored);
    expect(notes).toContain('HTML entities');
  });

  it.each(['AT&T', 'R&D; plan', 'a & b'])('leaves %j as it is (CSV entities)', async (name) => {
    expect((await readOne(of({ name }))).meeting?.clientName).toBe(name);
  });

  it.each([
    ['Ana: hola\\nToro: hola\\r\\nAna: ya', 'Ana: hola\nToro: hola\nAna: ya'],
    ['uno\\n\\ndos', 'uno\n\ndos'],
  ])('makes line breaks of %j, and tells it (CSV \\n)', async (transcript, stored) => {
    const { meeting, notes } = await readOne(of({ transcript }));
    expect(meeting?.transcript).toBe(stored);
    expect(notes).toContain('written as \\n became line breaks in 1 row');
  });

  it.each(['está en C:\\nuevo\\notas', 'uno\ndos\\ntres'])('leaves %j as it is (CSV \\n)', async (transcript) => {
    expect((await readOne(of({ transcript }))).meeting?.transcript).toBe(transcript);
  });

  it.each([
    [['S', 'Ganado', 'Closed Won', 'Cierre ganado', '1.0', 'x', 'VERDADERO'], true],
    [['N', 'Perdido', 'Closed Lost', 'Open', 'Abierto', 'Negotiation/Review', 'Appointment Scheduled', ''], false],
  ])('reads the closed words %j (CSV closed)', async (words, closed) => {
    for (const word of words) expect((await readOne(of({ closed: word }))).meeting?.closed).toBe(closed);
  });
});

describe('bytes of a Mac', () => {
  const mac = (text: string) => {
    const decoder = new TextDecoder('macintosh');
    const table = new Map(Array.from({ length: 256 }, (_, byte) => [decoder.decode(Uint8Array.of(byte)), byte]));
    return Uint8Array.from([...text].map((char) => table.get(char) ?? 0x3f));
  };

  it.each(['Clínica', 'Reunión de cotización', 'Peña: ¿cuánto?', 'Ñuñoa', 'ÁLVAREZ', 'él pidió más días'])(
    'reads %j in Mac Roman (CSV MacRoman)',
    async (words) => {
      const { meeting, report } = await readOne(
        mac(lines(header, row.replace('Hola', words).replace(',Toro', ',Toro'))),
      );
      expect(report.encoding).toBe('Mac Roman');
      expect(meeting?.transcript).toBe(words);
    },
  );

  it.each([
    [
      'English with apostrophes and dashes',
      [0x49, 0x20, 0x64, 0x6f, 0x6e, 0x92, 0x74, 0x20, 0x77, 0x65, 0x97, 0x79, 0x6f, 0x75],
    ],
    ['Spanish', [0x63, 0x6c, 0xed, 0x6e, 0x69, 0x63, 0x61]],
    ['Portuguese', [0x63, 0x6f, 0x72, 0x61, 0xe7, 0xe3, 0x6f, 0x20, 0x76, 0x6f, 0x63, 0xea]],
    ['French', [0x73, 0x9c, 0x75, 0x72, 0x20, 0x71, 0x75, 0x92, 0x69, 0x6c, 0x20, 0xe9, 0x74, 0xe9]],
  ])('reads Windows-1252 in %s as that (CSV MacRoman)', async (_, bytes) => {
    const start = Buffer.from(lines(header, row).trimEnd());
    const { report } = await readOne(Buffer.concat([start, Buffer.from([0x20, ...bytes])]));
    expect(report.encoding).toBe('Windows-1252');
  });

  it('reads the quotes, dashes and euro of Windows-1252 (CSV Windows-1252)', async () => {
    const text = Buffer.from(lines(header, row.replace('Hola', 'señal \x93cara\x94 \x97 80 \x80')), 'latin1');
    expect((await readOne(text)).meeting?.transcript).toBe('señal “cara” — 80 €');
  });

  it('refuses bytes that fit both, with the option to give (CSV MacRoman)', async () => {
    const bytes = Buffer.concat([
      Buffer.from(lines(header, row).trimEnd()),
      Buffer.from([0x20, 0x63, 0x6c, 0x92, 0x6e, 0x69, 0x63, 0x61, 0x20, 0x63, 0x6c, 0xed, 0x6e, 0x69, 0x63, 0x61]),
    ]);
    const path = folder.write(bytes);
    await expect(importFile(path, makeStore())).rejects.toThrow(/--encoding windows-1252 or --encoding macintosh/);
    const { report } = await importFile(path, makeStore(), { file: { encoding: 'windows-1252' } });
    expect(report).toMatchObject({ encoding: 'Windows-1252', inserted: 1 });
  });
});
