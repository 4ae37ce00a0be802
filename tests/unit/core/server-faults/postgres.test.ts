import { describe, expect, it } from 'vitest';
import { AppError } from '../../../../src/core/errors.ts';
import {
  classes,
  meaningOf,
  sqlState,
  states,
  translateDatabaseError,
  unexpectedRefusal,
} from '../../../../src/core/server-faults/postgres.ts';

const url = 'postgres://user:secret-word@db.example:5432/vambe';
const stated = (code: string, message = 'its own words') => Object.assign(new Error(message), { name: 'error', code });
const translate = (error: unknown, isFromDriver = false) => translateDatabaseError(error, url, { isFromDriver });

/** By what a job that meets it becomes; anything else speaks of a statement. */
const expected: Readonly<Record<string, readonly string[]>> = {
  DATABASE_UNREACHABLE: [
    '08000',
    '08001',
    '08003',
    '08004',
    '08006',
    '08007',
    '08P01',
    '25P03',
    '40003',
    '57P01',
    '57P02',
    '57P03',
    '57P05',
  ],
  DATABASE_BUSY: [
    ...[
      '25000',
      '25001',
      '25P01',
      '25P02',
      '25P04',
      '40000',
      '40001',
      '40002',
      '40P01',
      '53000',
      '53200',
      '53300',
      '53400',
    ],
    ...[
      '55000',
      '55006',
      '55P03',
      '55P04',
      '57000',
      '57014',
      '58000',
      '58030',
      '58P01',
      '58P02',
      '72000',
      'F0000',
      'F0001',
      'XX000',
    ],
  ],
  DATABASE_READ_ONLY: ['25006'],
  DATABASE_FULL: ['53100'],
  DATABASE_REFUSED: ['28000', '28P01', '3D000', '42501', '57P04'],
  DATABASE_UNSUITABLE: ['26000', '42P05', '55P02'],
};
const cases = Object.entries(expected).flatMap(([code, all]) => all.map((state) => [state, code] as const));

describe('SQLSTATEs', () => {
  it.each(cases)('%s becomes %s and keeps the words of the server (O3)', (state, code) => {
    const error = translate(stated(state));
    expect(error).toBeInstanceOf(AppError);
    expect(error).toMatchObject({ code, message: expect.stringContaining(`(${state}: its own words)`) });
    expect(String(error)).not.toContain('secret-word');
    expect(sqlState(error)).toBe(state);
  });

  it('has a case for each state and class of the table that speaks of the server (O3)', () => {
    const tested = cases.map(([state]) => state);
    const speaks = ([, meaning]: readonly [string, unknown]) => meaning !== null;
    expect(
      Object.entries(states)
        .filter(speaks)
        .filter(([state]) => !tested.includes(state)),
    ).toEqual([]);
    const untested = Object.entries(classes)
      .filter(speaks)
      .filter(([family]) => !tested.some((state) => state.startsWith(family)));
    expect(untested).toEqual([]);
  });

  it.each(['22001', '22P05', '23505', '23503', '42P01', '42703', '3F000', '0A000', '21000', '54000', 'P0001', 'XX001'])(
    '%s speaks of a statement or its values, and goes on as it came (O3)',
    (state) => {
      const error = stated(state);
      expect(translate(error)).toBe(error);
    },
  );

  it.each(['ZZ123', 'YB001', '99999'])('%s, which no table knows, is worth trying again (O3)', (state) => {
    expect(meaningOf(state)).not.toBeNull();
    expect(translate(stated(state))).toMatchObject({ code: 'DATABASE_BUSY', fault: 'transient' });
  });

  it('a state is found in a wrapped error, whose own words are not told (O3)', () => {
    const wrapped = new Error('Failed query: select … params: a transcript', {
      cause: stated('40P01', 'deadlock detected'),
    });
    const error = translate(wrapped);
    expect(error).toMatchObject({
      code: 'DATABASE_BUSY',
      message: expect.stringContaining('40P01: deadlock detected'),
    });
    expect(String(error)).not.toContain('transcript');
  });
});

describe('errors of node-postgres without a code', () => {
  it.each([
    ['timeout exceeded when trying to connect', 'DATABASE_BUSY'],
    ['timeout expired', 'DATABASE_BUSY'],
    ['Query read timeout', 'DATABASE_UNREACHABLE'],
    ['Connection terminated unexpectedly', 'DATABASE_UNREACHABLE'],
    ['Client has encountered a connection error and is not queryable', 'DATABASE_UNREACHABLE'],
    ['Received unexpected commandComplete message from backend.', 'DATABASE_UNREACHABLE'],
    ['The server does not support SSL connections', 'DATABASE_REFUSED'],
    ['SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string', 'DATABASE_REFUSED'],
  ])('"%s" becomes %s (O1)', (message, code) => {
    expect(translate(new Error(message))).toMatchObject({ code });
  });

  it('one that is not known is told in its own words and tried again (O1)', () => {
    expect(translate(new Error('the pooler is on holiday'), true)).toMatchObject({
      code: 'DATABASE_UNREACHABLE',
      message: expect.stringContaining('the pooler is on holiday'),
    });
  });

  it('a fault of a statement or of this program stays one (O1)', () => {
    for (const error of [
      new TypeError('x is not a function'),
      new Error('circular reference detected while preparing "…"'),
    ])
      expect(translate(error, true)).toBe(error);
  });
});

it('an unexpected refusal at the end of a run is a fault of the server, unless it speaks of values (O1)', () => {
  expect(unexpectedRefusal(stated('42P01', 'relation "x" does not exist'))).toMatchObject({
    code: 'DATABASE_UNSUITABLE',
    message: expect.stringContaining('42P01: relation "x" does not exist'),
  });
  for (const error of [stated('22021'), stated('23505'), new Error('plain')])
    expect(unexpectedRefusal(error)).toBeUndefined();
});
