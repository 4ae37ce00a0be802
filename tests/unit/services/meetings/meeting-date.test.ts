import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../../../src/core/errors.ts';
import { readMeetingDate } from '../../../../src/services/meetings/meeting-date.ts';
import { createToInstant } from '../../../../src/services/meetings/zoned-time.ts';

const toUtc = createToInstant('UTC');
const read = (text: string, timeZone = 'UTC') => {
  const reading = readMeetingDate(text, createToInstant(timeZone));
  return 'at' in reading ? reading.at.toISOString() : reading.problem;
};

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
    ['10/02/2024', 'UTC', '2024-02-10T00:00:00.000Z'],
    ['1/2/2024 9:05', 'UTC', '2024-02-01T09:05:00.000Z'],
    ['2024-02-10', 'America/Santiago', '2024-02-10T03:00:00.000Z'],
    ['2024-07-10', 'America/Santiago', '2024-07-10T04:00:00.000Z'],
    ['2024-02-10T09:00', 'Asia/Kathmandu', '2024-02-10T03:15:00.000Z'],
    // The clock skips midnight in Santiago on 8 September 2024, and has it twice in Havana on 3 November 2024.
    ['2024-09-08', 'America/Santiago', '2024-09-08T04:00:00.000Z'],
    ['2024-11-03T00:30', 'America/Havana', '2024-11-03T04:30:00.000Z'],
    ['2024-03-10T02:30', 'America/New_York', '2024-03-10T07:30:00.000Z'],
    ['2024-11-03T01:30', 'America/New_York', '2024-11-03T05:30:00.000Z'],
    ['1970-01-01', 'UTC', '1970-01-01T00:00:00.000Z'],
  ])('E13 reads %j in %s as %s', (text, timeZone, instant) => {
    expect(read(text, timeZone)).toBe(instant);
  });

  it.each([
    ['', /is empty/],
    ['2024-02-30', /"2024-02-30", which no calendar/],
    ['2023-02-29', /no calendar/],
    ['31/04/2024', /no calendar/],
    ['03/25/2024', /no calendar/],
    ['2024-13-01', /no calendar/],
    ['2024-00-10', /no calendar/],
    ['2024-02-10T24:00', /no calendar or clock/],
    ['2024-02-10T10:60', /no calendar or clock/],
    ['2024-02-10T10:00+15:00', /offset/],
    ['0024-02-10', /no calendar|year must be/],
    ['1969-12-31', /year must be from 1970 to 2100/],
    ['2200-01-01', /year must be/],
    ['10/02/24', /must be a date such as/],
    ['10-02-2024', /must be a date such as/],
    ['ayer', /got "ayer"/],
    ['45332', /must be a date/],
    ['2024-02-10; DROP TABLE', /must be a date/],
    ['Nos interesa mucho, pero hay que esperar a marzo', /a text of 48 characters/],
  ])('E13 rejects %j with a reason', (text, problem) => {
    expect(read(text)).toMatch(problem);
  });

  it('reads back every instant that is written in ISO 8601', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('1970-01-01'), max: new Date('2100-12-31'), noInvalidDate: true }),
        (date) => {
          expect(readMeetingDate(date.toISOString(), toUtc)).toEqual({ at: date });
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
        const reading = readMeetingDate(wall, createToInstant(timeZone));
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
