import { describe, expect, it } from 'vitest';
import { listKey, splitListKey } from '../../../../src/celery/protocol/list-key.ts';

describe('listKey', () => {
  it('rounds priorities down to the four lists of a queue', () => {
    expect([0, 2, 3, 5, 6, 8, 9].map((each) => listKey('q', each))).toEqual([
      'q',
      'q',
      'q\x06\x163',
      'q\x06\x163',
      'q\x06\x166',
      'q\x06\x166',
      'q\x06\x169',
    ]);
  });

  it('is read back as queue and priority step', () => {
    expect([0, 3, 6, 9].map((each) => splitListKey(listKey('q', each)))).toEqual(
      [0, 3, 6, 9].map((priority) => ({ queue: 'q', priority })),
    );
    expect(splitListKey('other\x06\x16x')).toEqual({ queue: 'other', priority: 0 });
  });
});
