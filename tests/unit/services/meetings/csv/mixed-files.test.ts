/** Files of mixed forms, made from a seed: dates × words for closed × separators × encodings × headers × quotes × titles. */
import { stringify } from 'csv-stringify/sync';
import { afterAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../../../../src/services/evaluation/bootstrap.ts';
import type { DateOrder } from '../../../../../src/services/meetings/csv/date-form.ts';
import { importFile, makeStore, makeTempFolder } from './csv-helpers.ts';

const folder = makeTempFolder();
afterAll(() => folder.remove());

interface Meeting {
  readonly first: string;
  readonly last: string;
  readonly email: string | null;
  readonly phone: string | null;
  readonly at: Date;
  readonly seller: string;
  readonly closed: boolean;
  readonly transcript: string;
}

const two = (number: number) => String(number).padStart(2, '0');
const day = (at: Date) => two(at.getUTCDate());
const month = (at: Date) => two(at.getUTCMonth() + 1);
const year = (at: Date) => String(at.getUTCFullYear());
const spanishMonths = 'enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre'.split(
  ' ',
);

const dates: readonly { order?: DateOrder; write(at: Date): string }[] = [
  { write: (at) => at.toISOString().slice(0, 10) },
  { order: 'dmy', write: (at) => `${day(at)}/${month(at)}/${year(at)}` },
  { order: 'mdy', write: (at) => `${Number(month(at))}/${Number(day(at))}/${year(at)}` },
  { order: 'dmy', write: (at) => `${day(at)}-${month(at)}-${year(at)}` },
  { order: 'dmy', write: (at) => `${day(at)}.${month(at)}.${year(at)}` },
  { order: 'dmy', write: (at) => `${Number(day(at))}/${Number(month(at))}/${year(at).slice(2)}` },
  { write: (at) => `${Number(day(at))} de ${spanishMonths[at.getUTCMonth()]} de ${year(at)}` },
  { order: 'mdy', write: (at) => `${month(at)}/${day(at)}/${year(at)} 12:00 AM` },
  { write: (at) => String(at.getTime() / 86_400_000 + 25_569) },
];
const closedWords = [
  ['1', '0'],
  ['1.0', '0.0'],
  ['VERDADERO', 'FALSO'],
  ['Sí', 'No'],
  ['S', 'N'],
  ['x', ''],
  ['Ganado', 'Perdido'],
  ['Closed Won', 'Closed Lost'],
  ['won', 'open'],
] as const;

type Cells = Record<
  'first' | 'last' | 'full' | 'email' | 'phone' | 'date' | 'seller' | 'closed' | 'transcript' | 'extra',
  string
>;
const headers: readonly (readonly (readonly [string, keyof Cells])[])[] = [
  [
    ['Nombre', 'full'],
    ['Correo Electronico', 'email'],
    ['Numero de Telefono', 'phone'],
    ['Fecha de la Reunion', 'date'],
    ['Vendedor asignado', 'seller'],
    ['closed', 'closed'],
    ['Transcripcion', 'transcript'],
  ],
  [
    ['Transcripción', 'transcript'],
    ['Cliente', 'full'],
    ['Ganado', 'closed'],
    ['Vendedora', 'seller'],
    ['Fecha reunión', 'date'],
    ['Teléfono', 'phone'],
    ['Correo', 'email'],
    ['Ciudad', 'extra'],
  ],
  [
    ['Record ID', 'extra'],
    ['First Name', 'first'],
    ['Last Name', 'last'],
    ['Email', 'email'],
    ['Phone Number', 'phone'],
    ['Activity date', 'date'],
    ['Deal Stage', 'closed'],
    ['Deal owner', 'seller'],
    ['Call Transcript', 'transcript'],
  ],
  [
    ['Account Name', 'extra'],
    ['Contact: Full Name', 'full'],
    ['Contact: Email', 'email'],
    ['Contact: Phone', 'phone'],
    ['Activity Date', 'date'],
    ['Opportunity Owner', 'seller'],
    ['Stage', 'closed'],
    ['Transcript', 'transcript'],
  ],
  [
    ['Deal - Title', 'extra'],
    ['Deal - Owner', 'seller'],
    ['Deal - Status', 'closed'],
    ['Person - Name', 'full'],
    ['Person - Email', 'email'],
    ['Person - Phone', 'phone'],
    ['Activity - Due date', 'date'],
    ['Activity - Note', 'transcript'],
  ],
  [
    ['Customer\nname', 'full'],
    ['E-mail', 'email'],
    ['\u200bPhone', 'phone'],
    ['Date', 'date'],
    ['Sales rep', 'seller'],
    ['Closed?', 'closed'],
    ['Meeting transcript', 'transcript'],
  ],
];

const macBytes = new Map(
  Array.from({ length: 256 }, (_, byte) => [new TextDecoder('macintosh').decode(Uint8Array.of(byte)), byte] as const),
);
const encodings: readonly { name: string; isLegacy?: true; encode(text: string): Uint8Array }[] = [
  { name: 'UTF-8', encode: (text) => Buffer.from(text) },
  { name: 'UTF-8 with BOM', encode: (text) => Buffer.from(`\uFEFF${text}`) },
  { name: 'UTF-16 LE', encode: (text) => Buffer.from(`\uFEFF${text}`, 'utf16le') },
  { name: 'UTF-16 BE', encode: (text) => Buffer.from(`\uFEFF${text}`, 'utf16le').swap16() },
  { name: 'Windows-1252', isLegacy: true, encode: (text) => Buffer.from(text, 'latin1') },
  {
    name: 'Mac Roman',
    isLegacy: true,
    encode: (text) => Uint8Array.from([...text].map((char) => macBytes.get(char) ?? 63)),
  },
];

const texts = [
  'Vendedor: ¿Cuánto reciben?\nCliente: Unas 80, a veces más.',
  'Hola, somos una clínica; nos recomendó "un colega", creo.',
  'Sí | no | quizás, mañana.\r\n\r\nAdiós.',
];

const fileCount = 60;
const rowCount = 12;

function makeFile(index: number) {
  const random = createRandom(1_000 + index);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
  const [date, closed, header] = [pick(dates), pick(closedWords), headers[index % headers.length] ?? []];
  const [encoding, delimiter] = [pick(encodings), pick([',', ';', '\t', '|'])];
  const isAmbiguous = date.order !== undefined && random() < 0.3;
  const quoteEscape = random() < 0.25 ? '\\' : '"';
  const meetings = Array.from({ length: rowCount }, (_, row): Meeting => {
    const dayOfMonth = isAmbiguous ? 1 + Math.floor(random() * 12) : row < 3 ? 20 + row : 1 + Math.floor(random() * 28);
    return {
      first: pick(['José', 'Ñusta', 'María Paz', 'Ana']),
      last: `Muñoz ${row}`,
      email: random() < 0.3 ? null : `c${row}@example.com`,
      phone: random() < 0.3 ? null : `+56 9 ${1000 + row}`,
      at: new Date(Date.UTC(2019 + Math.floor(random() * 6), Math.floor(random() * 12), dayOfMonth)),
      seller: pick(['Íñigo Peña', 'Toro']),
      closed: random() < 0.5,
      transcript: pick(texts),
    };
  });
  const noValue = pick(['', 'N/A']);
  const rows = meetings.map((meeting) => {
    const cells: Cells = {
      first: meeting.first,
      last: meeting.last,
      full: `${meeting.first} ${meeting.last}`,
      email:
        meeting.email === null ? noValue : pick([meeting.email, `mailto:${meeting.email}`, `C <${meeting.email}>`]),
      phone: meeting.phone ?? noValue,
      date: date.write(meeting.at),
      seller: meeting.seller,
      closed: meeting.closed ? closed[0] : closed[1],
      transcript: meeting.transcript,
      extra: 'algo',
    };
    return header.map(([, cell]) => cells[cell]);
  });
  const names = header.map(([name]) => (encoding.isLegacy ? name.replace('\u200b', '') : name));
  const title = pick([
    '',
    '',
    'Reporte de reuniones\n',
    `${delimiter.repeat(names.length - 1)}\n`,
    `"sep=${delimiter}"\n`,
  ]);
  const text = title + stringify([names, ...rows], { delimiter, escape: quoteEscape, quoted: quoteEscape === '\\' });
  const path = folder.write(encoding.encode(text));
  return { path, date, isAmbiguous, encoding: encoding.name, delimiter, meetings };
}

describe('files of mixed forms', () => {
  const files = Array.from({ length: fileCount }, (_, index) => makeFile(index));

  it('are of every encoding and separator, some of them ambiguous', () => {
    expect(new Set(files.map(({ encoding }) => encoding)).size).toBe(encodings.length);
    expect(new Set(files.map(({ delimiter }) => delimiter)).size).toBe(4);
    expect(files.filter(({ isAmbiguous }) => isAmbiguous).length).toBeGreaterThan(5);
  });

  it.each(files.map((file, index) => [index, file] as const))(
    'has no wrong cell after the import of file %i (CSV 60 files)',
    async (_, { path, date, isAmbiguous, encoding, meetings }) => {
      const store = makeStore();
      if (isAmbiguous) {
        await expect(importFile(path, store)).rejects.toThrow(`--date-order ${date.order}`);
        expect(store.meetings).toEqual([]);
      }
      const file = isAmbiguous ? { dateOrder: date.order } : {};
      const { report } = await importFile(path, store, { file });
      expect(report.rejected).toEqual([]);
      expect(report.encoding).toBe(encoding);
      expect(store.meetings).toMatchObject(
        meetings.map(({ first, last, email, phone, at, seller, closed, transcript }) => ({
          clientName: `${first} ${last}`,
          clientEmail: email,
          clientPhone: phone,
          meetingAt: at,
          sellerName: seller,
          closed,
          transcript: transcript.replaceAll('\r\n', '\n'),
        })),
      );
    },
  );
});
