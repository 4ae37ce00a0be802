import { getTableColumns } from 'drizzle-orm';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fieldColumns, toColumns } from '../../../src/models/classification-columns.ts';
import { meetingsClassifications } from '../../../src/models/given-tables.ts';

const table = Object.fromEntries(
  Object.values(getTableColumns(meetingsClassifications)).map((column) => [column.name, column]),
);

test('every mapped field has a column of its type, and a stand-in exactly where the column cannot be null', () => {
  for (const [name, { type, whenNull }] of Object.entries(fieldColumns)) {
    expect(table[name]?.getSQLType(), name).toBe(type);
    expect(whenNull !== undefined, name).toBe(table[name]?.notNull);
  }
});

test('values become the columns of that name and nothing else', () => {
  fc.assert(
    fc.property(
      fc.dictionary(
        fc.oneof(fc.constantFrom(...Object.keys(fieldColumns)), fc.string()),
        fc.oneof(fc.string(), fc.boolean(), fc.constant(null)),
      ),
      (values) => {
        const columns = toColumns(values);
        expect(Object.keys(columns)).toEqual(Object.keys(fieldColumns));
        for (const [name, value] of Object.entries(columns)) {
          if (values[name] !== null && values[name] !== undefined && Object.hasOwn(values, name))
            expect(value).toBe(values[name]);
          else expect(value).toEqual(fieldColumns[name]?.whenNull ?? null);
        }
      },
    ),
  );
});

test("a null takes the taxonomy's own stored default first, in columns that cannot be null only", () => {
  expect(toColumns({ sentiment: null, region: null }, { sentiment: 'positive', region: 'asia' })).toMatchObject({
    sentiment: 'positive',
    region: null,
  });
});

test('false and an empty list are values', () => {
  expect(toColumns({ urgency: false, categories: [] })).toMatchObject({ urgency: false, categories: [] });
});
