import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../../src/core/errors.ts';
import { filterKeys, filterStates, parseJobFilter } from '../../../src/models/job-filter.ts';

const nowMs = Date.parse('2026-11-24T12:00:00Z');
const parse = (text: string) => parseJobFilter(text, nowMs);

const messageOf = (text: string): string => {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof AppError && error.code === 'USAGE') return error.message;
    throw error;
  }
  throw new Error(`"${text}" was taken`);
};

describe('a filter of jobs', () => {
  it('reads every kind of term, all of which hold', () => {
    const text =
      'state=failed,cancelled task=classify_meeting meeting=12,13 error=task_timeout origin!=import accepted>=2026-11-01 accepted<2d';
    expect(parse(text)).toEqual([
      { key: 'state', isNot: false, values: ['failed', 'cancelled'] },
      { key: 'task', isNot: false, values: ['classify_meeting'] },
      { key: 'meeting', isNot: false, values: [12, 13] },
      { key: 'error', isNot: false, values: ['TASK_TIMEOUT'] },
      { key: 'origin', isNot: true, values: ['import'] },
      { key: 'accepted', operator: '>=', at: '2026-11-01T00:00:00.000Z' },
      { key: 'accepted', operator: '<', at: '2026-11-22T12:00:00.000Z' },
    ]);
  });

  it.each([
    ['finished>30s', '2026-11-24T11:59:30.000Z'],
    ['finished>90m', '2026-11-24T10:30:00.000Z'],
    ['finished>3h', '2026-11-24T09:00:00.000Z'],
    ['finished>1w', '2026-11-17T12:00:00.000Z'],
    ['finished>2026-11-01T09:30', '2026-11-01T09:30:00.000Z'],
    ['finished>2026-11-01T09:30:15.5+02:00', '2026-11-01T07:30:15.500Z'],
  ])('takes the moment of %s', (text, at) => {
    expect(parse(text)).toEqual([{ key: 'finished', operator: '>', at }]);
  });

  it('keeps spaces and commas between quotes', () => {
    expect(parse('id="a b","c,d",e worker="worker@my host"')).toEqual([
      { key: 'id', isNot: false, values: ['a b', 'c,d', 'e'] },
      { key: 'worker', isNot: false, values: ['worker@my host'] },
    ]);
  });

  it('takes codes and origins that it does not know', () => {
    expect(parse('error=MyOwnError origin=nightly')).toMatchObject([
      { values: ['MYOWNERROR'] },
      { values: ['nightly'] },
    ]);
  });

  it.each([
    ['', 'empty'],
    ['   ', 'empty'],
    ['stat=failed', 'Did you mean state?'],
    ['acepted<2d', 'Did you mean accepted?'],
    ['state=faild', 'Did you mean failed?'],
    ['error=TASK_TIMOUT', 'Did you mean TASK_TIMEOUT?'],
    ['origin=imports', 'Did you mean import?'],
    ['colour=red', 'Known: state, id, task'],
    ['failed', 'is no term of a filter'],
    ['state =failed', 'without spaces around the sign: state=…'],
    ['state=', 'is no term of a filter'],
    ['id="a b', 'A quote is not closed.'],
    ['state>failed', 'compared with = or !='],
    ['accepted=2d', 'compared with <, <=, > or >='],
    ['accepted<yesterday', 'how long ago'],
    ['accepted<2026-02-30', 'how long ago'],
    ['accepted<2026-13-01', 'how long ago'],
    ['accepted<999999w', 'how long ago'],
    ['meeting=twelve', 'a whole number from 1'],
    ['meeting=0', 'a whole number from 1'],
    ['meeting=2147483648', 'a whole number from 1'],
    ['state=failed,', 'a value is missing'],
    ['state=,failed', 'a value is missing'],
    ['state=failed,,queued', 'a value is missing'],
  ])('refuses "%s" in words that help', (text, words) => {
    expect(messageOf(text)).toContain(words);
  });
});

const word = fc.stringMatching(/^[A-Za-z0-9_.@:-]{1,12}$/);
const quotable = fc.stringMatching(/^[A-Za-z0-9 ,@=<>!-]{1,12}$/);
const listOf = (values: fc.Arbitrary<string>) => fc.array(values, { minLength: 1, maxLength: 4 });
const sign = fc.constantFrom('=', '!=');
const term = fc.oneof(
  fc.record({ key: fc.constant('state'), sign, values: listOf(fc.constantFrom(...filterStates)) }),
  fc.record({ key: fc.constantFrom('id', 'task', 'queue', 'worker'), sign, values: listOf(fc.oneof(word, quotable)) }),
  fc.record({
    key: fc.constant('meeting'),
    sign,
    values: listOf(fc.integer({ min: 1, max: 2 ** 31 - 1 }).map(String)),
  }),
);
const writtenAs = ({ key, sign, values }: { key: string; sign: string; values: string[] }) =>
  `${key}${sign}${values.map((each) => (/[ ,]/.test(each) ? `"${each}"` : each)).join(',')}`;

describe('every filter', () => {
  it('comes out as it was written, term by term', () => {
    fc.assert(
      fc.property(fc.array(term, { minLength: 1, maxLength: 6 }), (terms) => {
        const read = parse(terms.map(writtenAs).join('  '));
        expect(read).toEqual(
          terms.map(({ key, sign, values }) => ({
            key,
            isNot: sign === '!=',
            values: key === 'meeting' ? values.map(Number) : values,
          })),
        );
      }),
    );
  });

  it('takes a moment at any offset as the same moment', () => {
    const moment = fc.date({ min: new Date('1990-01-01'), max: new Date('2090-01-01'), noInvalidDate: true });
    fc.assert(
      fc.property(moment, fc.constantFrom(...(['<', '<=', '>', '>='] as const)), (at, operator) => {
        expect(parse(`started${operator}${at.toISOString()}`)).toEqual([
          { key: 'started', operator, at: at.toISOString() },
        ]);
      }),
    );
  });

  it('is read into terms, or refused in words; nothing else ever comes of it', () => {
    const pieces = fc.constantFrom(...filterKeys, '=', '!=', '<', '>=', ',', '"', ' ', 'failed', '2d', '12', '\0', 'é');
    const anything = fc.oneof(
      fc.string(),
      fc.array(pieces, { maxLength: 12 }).map((each) => each.join('')),
    );
    fc.assert(
      fc.property(anything, (text) => {
        try {
          expect(parse(text).length).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toBeInstanceOf(AppError);
          expect(error).toMatchObject({ code: 'USAGE' });
        }
      }),
      { numRuns: 500 },
    );
  });
});
