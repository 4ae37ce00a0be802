import { expect, it } from 'vitest';
import { counted } from '../../../../src/cli/kit/counted.ts';

it('says one of a thing as one, and any other number as many', () => {
  expect([0, 1, 2].map((count) => counted(count, 'meeting'))).toEqual(['0 meetings', '1 meeting', '2 meetings']);
});
