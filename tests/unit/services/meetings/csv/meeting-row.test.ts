import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MeetingCells } from '../../../../../src/services/meetings/csv/csv-header.ts';
import { makeSellerEmail, toMeetingRow } from '../../../../../src/services/meetings/csv/meeting-row.ts';
import { now } from './csv-helpers.ts';

const makeCells = (cells: Partial<MeetingCells> = {}): MeetingCells => ({
  name: 'Ana',
  email: 'ana@example.com',
  phone: '+56 9 0000 0001',
  date: '2024-03-01',
  seller: 'María José Pérez',
  closed: '1',
  transcript: 'Hola',
  ...cells,
});
const read = (cells: Partial<MeetingCells> = {}) =>
  toMeetingRow(makeCells(cells), {
    line: 7,
    dateForm: { family: 'year first', order: 'ymd' },
    toInstant: (wallMs) => wallMs,
    now,
  });
const readOk = (cells: Partial<MeetingCells>) => {
  const reading = read(cells);
  if ('rejected' in reading) throw new Error(reading.rejected);
  return reading.ok;
};

describe('toMeetingRow', () => {
  it('gives a meeting that the database can hold', () => {
    expect(read()).toEqual({
      ok: {
        line: 7,
        clientName: 'Ana',
        clientEmail: 'ana@example.com',
        clientPhone: '+56 9 0000 0001',
        sellerName: 'María José Pérez',
        sellerEmail: 'maria-jose-perez@sellers.local',
        meetingAt: new Date('2024-03-01T00:00:00Z'),
        closed: true,
        transcript: 'Hola',
      },
      warnings: [],
      repairs: new Set(),
    });
  });

  it.each([
    ['1', '1.0', '1,00', 'true', 'TRUE', 'VERDADERO', 'Verdadero', 'V', 'T', 'si', 'Sí', ' SÍ ', 'S', 's', 'yes', 'Y'],
    ['x', 'X', '✓', 'Ganado', 'GANADA', 'won', 'Closed Won', 'closedwon', 'closed_won', 'Closed-Won', 'Cerrado ganado'],
  ])('reads closed %j and the like as true (E13)', (...words) => {
    expect(words.filter((closed) => readOk({ closed }).closed !== true)).toEqual([]);
  });

  it.each([
    ['0', '0.0', '0,00', 'false', 'FALSE', 'FALSO', 'Falso', 'F', 'no', 'NO', 'No', 'N', 'n', '', ' '],
    ['Perdido', 'perdida', 'lost', 'Closed Lost', 'closedlost', 'closed_lost', 'Cerrada perdida'],
  ])('reads closed %j and the like as false (E13)', (...words) => {
    expect(words.filter((closed) => readOk({ closed }).closed !== false)).toEqual([]);
  });

  it.each(['quizás', '2', '1.5', 'cerrado', 'N/A', 'pending', 'constructor', '__proto__'])(
    'rejects closed %j and names the accepted forms (E13)',
    (closed) => {
      expect(read({ closed })).toMatchObject({
        rejected: expect.stringMatching(/^"closed" must be 0, 1, .*verdadero, falso.*, got "/),
      });
    },
  );

  it('keeps a meeting in the future and warns (E13)', () => {
    expect(read({ date: '2025-06-02' })).toMatchObject({
      ok: { meetingAt: new Date('2025-06-02T00:00:00Z') },
      warnings: ['The meeting is in the future (2025-06-02T00:00:00.000Z).'],
    });
  });

  it('takes an empty e-mail, phone or transcript as none', () => {
    expect(readOk({ email: ' ', phone: '', transcript: ' \n\t' })).toMatchObject({
      clientEmail: null,
      clientPhone: null,
      transcript: null,
    });
  });

  it.each([
    'ana',
    'ana@',
    '@example.com',
    'ana@example',
    'ana@@example.com',
    'a b@example.com',
    'ana@example.com, luis@example.com',
    'ana@exam..ple.com',
    '<ana>',
  ])('rejects the e-mail %j', (email) => {
    expect(read({ email })).toMatchObject({ rejected: expect.stringContaining('is not an e-mail address') });
  });

  it('makes e-mails lower case, and takes the quote that keeps a phone text from before it', () => {
    expect(readOk({ email: 'Ana@Example.COM', phone: "'+56 9 0000 0001" })).toMatchObject({
      clientEmail: 'ana@example.com',
      clientPhone: '+56 9 0000 0001',
    });
  });

  it.each([
    ['name', 'Nombre'],
    ['email', 'Correo Electronico'],
    ['phone', 'Numero de Telefono'],
    ['seller', 'Vendedor asignado'],
  ] as const)('rejects a %s longer than its column, by the name "%s"', (cell, column) => {
    const long = cell === 'email' ? `${'x'.repeat(244)}@example.com` : '😀'.repeat(256);
    expect(read({ [cell]: long })).toMatchObject({ rejected: `"${column}" has 256 characters, at most 255 fit.` });
    const fitting = cell === 'email' ? long.slice(1) : '😀'.repeat(255);
    expect(read({ [cell]: fitting })).toHaveProperty('ok');
  });

  it('takes a transcript of 2,000,000 characters and not one more (E2)', () => {
    expect(readOk({ transcript: 'x'.repeat(2_000_000) }).transcript).toHaveLength(2_000_000);
    expect(read({ transcript: 'x'.repeat(2_000_001) })).toMatchObject({
      rejected: '"Transcripcion" has 2,000,001 characters, at most 2,000,000 are taken.',
    });
  });

  it('stores cells that begin like a formula as they are (E12)', () => {
    expect(readOk({ name: '=1+1', transcript: '\t@x' })).toMatchObject({ clientName: '=1+1', transcript: '\t@x' });
  });

  it('never repeats what may be a transcript in a reason', () => {
    const words = 'Nos interesa, pero el presupuesto es de 500 dólares';
    const reading = read({ email: words, date: words, closed: words });
    expect(JSON.stringify(reading)).not.toContain('presupuesto');
  });

  it('gives text that PostgreSQL takes, or a reason, for any cells (E3)', () => {
    const cell = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc
        .array(fc.constantFrom('\0', '\uD800', '\uDC00', 'e\u0301', 'a'), { maxLength: 9 })
        .map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(cell, cell, cell, cell, (name, phone, seller, transcript) => {
        const reading = read({ name, phone, seller, transcript });
        if ('rejected' in reading) return;
        const { clientName, clientPhone, sellerName, sellerEmail, transcript: text } = reading.ok;
        for (const value of [clientName, clientPhone, sellerName, sellerEmail, text]) {
          if (value === null) continue;
          expect(value).not.toMatch(/\0|\p{Surrogate}/u);
          expect(value.normalize('NFC')).toBe(value);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('makeSellerEmail', () => {
  it.each([
    ['Toro', 'toro@sellers.local'],
    ['  Ñandú & Cía. ', 'nandu-cia@sellers.local'],
    ["O'Higgins 2", 'o-higgins-2@sellers.local'],
  ])('makes of %j the address %s', (name, address) => {
    expect(makeSellerEmail(name)).toBe(address);
  });

  it('keeps names of other scripts apart', () => {
    expect(makeSellerEmail('李雷')).toMatch(/^seller-[0-9a-f]{12}@sellers\.local$/);
    expect(makeSellerEmail('李雷')).not.toBe(makeSellerEmail('韩梅梅'));
  });
});
