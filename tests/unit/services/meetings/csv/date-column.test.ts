import { describe, expect, it } from 'vitest';
import { createDateColumn } from '../../../../../src/services/meetings/csv/date-column.ts';
import { type DateOrder, nameForm } from '../../../../../src/services/meetings/csv/date-form.ts';

const now = new Date('2025-06-01T12:00:00Z');

const decide = (dates: readonly string[], order?: DateOrder): string => {
  const column = createDateColumn({ order, now });
  for (const [index, date] of dates.entries()) column.add(date, index + 2);
  const decision = column.decide();
  if ('problem' in decision) return decision.problem;
  return decision.form === undefined ? 'no date' : nameForm(decision.form);
};

describe('createDateColumn', () => {
  it.each([
    [['5/2/2024', '6/3/2024', '13/02/2024'], 'day-month-year'],
    [['5/2/2024', '6/3/2024', '02/13/2024'], 'month-day-year'],
    [['02-05-24', '30-06-24', '11-07-24'], 'day-month-year'],
    [['24-05-02', '24-06-30', '24-07-11'], 'year-month-day'],
    [['1/2/24', '25/2/24', '26/3/24'], 'day-month-year'],
    [['27/2/24'], 'day-month-year'],
    [['24/05/30'], 'year-month-day'],
    [['24/05/13', '24/06/14', '24/07/15'], 'year-month-day'],
    [['99.12.31', '24.05.02'], 'year-month-day'],
    [['2024-05-02', '2024-05-30T10:00:00-03:00'], 'year-month-day'],
    [['2 de mayo de 2024', 'May 3, 2024'], 'month names'],
    [['45414', '45415.5'], 'Excel day numbers'],
    [['5/5/2024', '06/06/2024'], 'day-month-year'],
    [['', 'ayer', '2024-02-30'], 'no date'],
    [[], 'no date'],
  ])('reads %j as %s', (dates, form) => {
    expect(decide(dates)).toBe(form);
  });

  it.each([
    ['another kind', ['2024-05-02', '2024-05-03', '02/05/2024'], 'year-month-day'],
    ['a date of the other order', ['13/02/2024', '25/02/2024', '02/13/2024', '5/2/2024'], 'day-month-year'],
    ['a word', ['13/02/2024', 'ayer'], 'day-month-year'],
    ['a day of no calendar', ['2024-05-02', '2024-02-30'], 'year-month-day'],
  ])('is not led astray by one row with %s', (_what, dates, form) => {
    expect(decide(dates)).toBe(form);
  });

  it.each([
    [['5/2/2024', '6/3/2024', '7/4/2024'], 'dmy', 'mdy'],
    [['5/2/2024', '13/02/2024', '02/13/2024'], 'dmy', 'mdy'],
    [['1/2/24', '3/4/24'], 'dmy', 'mdy'],
    [['24-05-13', '23-05-13'], 'dmy', 'ymd'],
    [['24/05/13'], 'dmy', 'ymd'],
    [['24/05/13', '24/05/14', '13/05/13'], 'dmy', 'ymd'],
  ])('decides %j by the option alone', (dates, first, second) => {
    expect(decide(dates)).toMatch(new RegExp(`in line 2, .*--date-order ${first} or --date-order ${second}\\.$`));
    for (const order of [first, second] as DateOrder[]) {
      expect(decide(dates, order)).toBe({ dmy: 'day-month-year', mdy: 'month-day-year', ymd: 'year-month-day' }[order]);
    }
  });
});
