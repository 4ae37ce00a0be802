import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../../../../src/core/errors.ts';
import { createDateColumn } from '../../../../../src/services/meetings/csv/date-column.ts';
import type { DateForm, DateOrder } from '../../../../../src/services/meetings/csv/date-form.ts';
import { readMeetingDate } from '../../../../../src/services/meetings/csv/meeting-date.ts';
import { createToInstant } from '../../../../../src/services/meetings/csv/zoned-time.ts';

const toUtc = createToInstant('UTC');
/** Reads a file of this one date, in the given order. */
const read = (text: string, timeZone = 'UTC', order?: DateOrder) => {
  const column = createDateColumn({ order, now });
  column.add(text, 2);
  const decision = column.decide();
  if ('problem' in decision) return decision.problem;
  const reading = readMeetingDate(text, decision.form, createToInstant(timeZone));
  return 'at' in reading ? reading.at.toISOString() : reading.problem;
};
const now = new Date('2025-06-01T12:00:00Z');
const yearFirst: DateForm = { family: 'year first', order: 'ymd' };

describe('readMeetingDate', () => {
  it.each([
    ['2024-02-10', 'UTC', '2024-02-10T00:00:00.000Z'],
    [' 2024-2-9 ', 'UTC', '2024-02-09T00:00:00.000Z'],
    ['2024-02-29', 'UTC', '2024-02-29T00:00:00.000Z'],
    ['2024-02-10T15:30', 'UTC', '2024-02-10T15:30:00.000Z'],
    ['2024-02-10 15:30:45', 'UTC', '2024-02-10T15:30:45.000Z'],
    ['2024-02-10T15:30:45.5Z', 'UTC', '2024-02-10T15:30:45.500Z'],
    ['2024-02-10t15:30:45.123456z', 'America/Santiago', '2024-02-10T15:30:45.123Z'],
    ['2024-02-10T15:30:00-03:00', 'UTC', '2024-02-10T18:30:00.000Z'],
    ['2024-02-10T15:30:00+0530', 'UTC', '2024-02-10T10:00:00.000Z'],
    ['2024-02-10 15:30 +14', 'UTC', '2024-02-10T01:30:00.000Z'],
    ['2024-02-10Z', 'America/Santiago', '2024-02-10T00:00:00.000Z'],
    ['2024/05/02', 'UTC', '2024-05-02T00:00:00.000Z'],
    ['2024.05.02 3:30 PM', 'UTC', '2024-05-02T15:30:00.000Z'],
    ['20240502', 'UTC', '2024-05-02T00:00:00.000Z'],
    ['13/02/2024', 'UTC', '2024-02-13T00:00:00.000Z'],
    ['02/13/2024 9:05', 'UTC', '2024-02-13T09:05:00.000Z'],
    ['13.2.2024 15.30', 'UTC', '2024-02-13T15:30:00.000Z'],
    ['05/05/2024', 'UTC', '2024-05-05T00:00:00.000Z'],
    ['13/02/2024, 3:30\u00a0p.\u00a0m.', 'UTC', '2024-02-13T15:30:00.000Z'],
    ['13/02/2024 12:05 a. m.', 'UTC', '2024-02-13T00:05:00.000Z'],
    ['13/02/2024 12:05 p.m.', 'UTC', '2024-02-13T12:05:00.000Z'],
    ['13/02/2024 15:30 hrs', 'UTC', '2024-02-13T15:30:00.000Z'],
    ['mié 13/03/2024', 'UTC', '2024-03-13T00:00:00.000Z'],
    ['13/02/24', 'UTC', '2024-02-13T00:00:00.000Z'],
    ['02.13.99', 'UTC', '1999-02-13T00:00:00.000Z'],
    ['99/12/31', 'UTC', '1999-12-31T00:00:00.000Z'],
    ['2 de mayo de 2024', 'America/Santiago', '2024-05-02T04:00:00.000Z'],
    ['jueves, 2 de mayo del 2024 a las 15:30 hrs', 'UTC', '2024-05-02T15:30:00.000Z'],
    ['Mayo 2 de 2024', 'UTC', '2024-05-02T00:00:00.000Z'],
    ['1º de setiembre de 2024', 'UTC', '2024-09-01T00:00:00.000Z'],
    ['2-may-24', 'UTC', '2024-05-02T00:00:00.000Z'],
    ['02/ene/2024', 'UTC', '2024-01-02T00:00:00.000Z'],
    ['May 2, 2024', 'UTC', '2024-05-02T00:00:00.000Z'],
    ['2 May 2024', 'UTC', '2024-05-02T00:00:00.000Z'],
    ['Thursday, May 2nd, 2024 at 3:30\u202fPM', 'UTC', '2024-05-02T15:30:00.000Z'],
    ['Thu, 02 May 2024 15:30:00 GMT', 'America/Santiago', '2024-05-02T15:30:00.000Z'],
    ['mar. 7 may. 2024', 'UTC', '2024-05-07T00:00:00.000Z'],
    ['Sept. 5 2024 3 pm', 'UTC', '2024-09-05T15:00:00.000Z'],
    ['45414', 'America/Santiago', '2024-05-02T04:00:00.000Z'],
    ['45414.6458333333', 'UTC', '2024-05-02T15:30:00.000Z'],
    ['45414,25', 'UTC', '2024-05-02T06:00:00.000Z'],
    ['45414.999999', 'UTC', '2024-05-03T00:00:00.000Z'],
    ['2024-02-10', 'America/Santiago', '2024-02-10T03:00:00.000Z'],
    ['2024-07-10', 'America/Santiago', '2024-07-10T04:00:00.000Z'],
    ['2024-02-10T09:00', 'Asia/Kathmandu', '2024-02-10T03:15:00.000Z'],
    // The clock skips midnight in Santiago on 8 September 2024, and has it twice in Havana on 3 November 2024.
    ['2024-09-08', 'America/Santiago', '2024-09-08T04:00:00.000Z'],
    ['2024-11-03T00:30', 'America/Havana', '2024-11-03T04:30:00.000Z'],
    ['2024-03-10T02:30', 'America/New_York', '2024-03-10T07:30:00.000Z'],
    ['2024-11-03T01:30', 'America/New_York', '2024-11-03T05:30:00.000Z'],
    ['1970-01-01', 'UTC', '1970-01-01T00:00:00.000Z'],
  ])('reads %j in %s as %s (E13)', (text, timeZone, instant) => {
    expect(read(text, timeZone)).toBe(instant);
  });

  it.each([
    ['', /is empty/],
    ['2024-02-30', /"2024-02-30", which no calendar/],
    ['2023-02-29', /no calendar/],
    ['31/04/2024', /no calendar/],
    ['13/13/2024', /no calendar/],
    ['13/02/2024 13:00 a. m.', /no calendar or clock/],
    ['32 de mayo de 2024', /no calendar/],
    ['2 de mayembre de 2024', /must be a date/],
    ['2024-05-2x', /must be a date/],
    ['5 de mayo', /must be a date/],
    ['2024-13-01', /no calendar/],
    ['2024-00-10', /no calendar/],
    ['2024-02-10T24:00', /no calendar or clock/],
    ['2024-02-10T10:60', /no calendar or clock/],
    ['2024-02-10T10:00+15:00', /offset/],
    ['0024-02-10', /no calendar|year must be/],
    ['1969-12-31', /year must be from 1970 to 2100/],
    ['2200-01-01', /year must be/],
    ['ayer', /got "ayer"/],
    ['12345', /must be a date/],
    ['99999', /must be a date/],
    ['4533', /must be a date/],
    ['2024-02-10; DROP TABLE', /must be a date/],
    ['Nos interesa mucho, pero hay que esperar a marzo', /a text of 48 characters/],
  ])('rejects %j with a reason (E13)', (text, problem) => {
    expect(read(text)).toMatch(problem);
  });

  it.each([
    ['5/2/2024', 'dmy', '2024-02-05T00:00:00.000Z'],
    ['5/2/2024', 'mdy', '2024-05-02T00:00:00.000Z'],
    ['02-05-2024', 'dmy', '2024-05-02T00:00:00.000Z'],
    ['02.05.2024', 'mdy', '2024-02-05T00:00:00.000Z'],
    ['1/2/24', 'dmy', '2024-02-01T00:00:00.000Z'],
    ['1/2/24', 'mdy', '2024-01-02T00:00:00.000Z'],
    ['24/02/01', 'ymd', '2024-02-01T00:00:00.000Z'],
    ['24-05-02', 'dmy', '2002-05-24T00:00:00.000Z'],
    ['02/05/2024 3:30 p. m.', 'dmy', '2024-05-02T15:30:00.000Z'],
    // What is clear without the option stays as it is.
    ['2024-05-02', 'dmy', '2024-05-02T00:00:00.000Z'],
    ['May 2, 2024', 'dmy', '2024-05-02T00:00:00.000Z'],
    ['45414', 'mdy', '2024-05-02T00:00:00.000Z'],
  ] as const)('reads %j with the order %s as %s', (text, order, instant) => {
    expect(read(text, 'UTC', order)).toBe(instant);
  });

  it.each([
    ['5/2/2024', ['2024-02-05', '2024-05-02', '--date-order dmy or --date-order mdy']],
    ['02-05-2024', ['2024-05-02', '2024-02-05', '--date-order dmy or --date-order mdy']],
    ['02.05.2024', ['2024-05-02', '2024-02-05', '--date-order dmy or --date-order mdy']],
    ['1/2/24', ['2024-02-01', '2024-01-02', '--date-order dmy or --date-order mdy']],
    ['24-05-13', ['2013-05-24', '2024-05-13', '--date-order dmy or --date-order ymd']],
    [
      '01-02-03',
      ['2003-02-01', '2003-01-02', '2001-02-03', '--date-order dmy or --date-order mdy or --date-order ymd'],
    ],
  ])('does not guess the order of %j', (text, parts) => {
    for (const part of parts) expect(read(text)).toContain(part);
    expect(read(text)).toContain(`"${text}" in line 2`);
  });

  it.each([
    ['13/02/2024', 'mdy', /no date in the given order/],
    ['13/02/2024', 'ymd', /no date in the given order/],
    ['5/2/2024', 'ymd', /no date in the given order/],
  ] as const)('rejects %j where the order is %s', (text, order, problem) => {
    expect(read(text, 'UTC', order)).toMatch(problem);
  });

  it('reads back every instant that is written in ISO 8601', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('1970-01-01'), max: new Date('2100-12-31'), noInvalidDate: true }),
        (date) => {
          expect(readMeetingDate(date.toISOString(), yearFirst, toUtc)).toEqual({ at: date });
        },
      ),
    );
  });

  it('gives an instant whose wall clock in the zone is the time that was written, unless the clock skips it', () => {
    const zones = fc.constantFrom(
      'America/Santiago',
      'Europe/Madrid',
      'Asia/Tokyo',
      'Australia/Lord_Howe',
      'America/Mexico_City',
    );
    const minutes = fc.integer({ min: 0, max: 50 * 365 * 24 * 60 });
    fc.assert(
      fc.property(zones, minutes, (timeZone, minute) => {
        const wall = new Date(minute * 60_000).toISOString().slice(0, 16);
        const reading = readMeetingDate(wall, yearFirst, createToInstant(timeZone));
        const at = 'at' in reading ? reading.at : new Date(Number.NaN);
        const shown = at.toLocaleString('sv-SE', { timeZone }).slice(0, 16).replace(' ', 'T');
        const lateMs = Date.parse(`${shown}Z`) - minute * 60_000;
        expect([0, 30 * 60_000, 60 * 60_000]).toContain(lateMs);
      }),
    );
  });

  it('refuses a zone that does not exist', () => {
    expect(() => createToInstant('America/Santigo')).toThrow(AppError);
    expect(() => createToInstant('America/Santigo')).toThrow(/IANA time zone.*"America\/Santigo"/);
  });
});
