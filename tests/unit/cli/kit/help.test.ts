import { describe, expect, it } from 'vitest';
import { oneOf, wholeNumber } from '../../../../src/cli/kit/help.ts';

describe('a choice', () => {
  it('is taken as it is written', () => {
    expect(oneOf(['csv', 'jsonl'])('jsonl')).toBe('jsonl');
  });

  it.each([
    ['jsnol', 'It must be one of csv, jsonl. Did you mean jsonl?'],
    ['CSV', 'It must be one of csv, jsonl. Did you mean csv?'],
    ['spreadsheet', 'It must be one of csv, jsonl.'],
  ])('refuses %s', (given, message) => {
    expect(() => oneOf(['csv', 'jsonl'])(given)).toThrow(message);
  });
});

describe('a whole number', () => {
  const read = wholeNumber({ min: 1, max: 1000 });

  it.each([['1'], ['20'], ['1000']])('takes %s', (given) => {
    expect(read(given)).toBe(Number(given));
  });

  it.each([['0'], ['1001'], ['2.5'], ['1e2'], ['-3'], [''], ['ten'], ['9'.repeat(400)]])('refuses "%s"', (given) => {
    expect(() => read(given)).toThrow('It must be a whole number from 1 to 1000.');
  });
});
