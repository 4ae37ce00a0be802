import { describe, expect, it } from 'vitest';
import { pythonRepr, safeRepr, tupleRepr } from '../../../../src/celery/protocol/python-repr.ts';

describe("Python's repr", () => {
  it.each([
    [null, 'None'],
    [[true, 1, 2.5, 0.00001, 1e-7], '[True, 1, 2.5, 1e-05, 1e-07]'],
    ["it's", '"it\'s"'],
    ['both \' and "', `'both \\' and "'`],
    ['\t\u0001\u00a0\u2028ñ🎉', "'\\t\\x01\\xa0\\u2028ñ🎉'"],
    [{ a: { b: [{ c: 1 }] } }, "{'a': {'b': [{'c': 1}]}}"],
  ])('of %j', (value, text) => {
    expect(pythonRepr(value)).toBe(text);
  });
});

describe("Celery's saferepr", () => {
  it.each([
    ["it's \n", "'it\\'s \n'"],
    [{ a: { b: { c: {}, d: 1 } } }, "{'a': {'b': {'c': {...}, 'd': 1}}}"],
    [[[[[]]]], '[[[[...]]]]'],
    ['word '.repeat(300), `'${'word '.repeat(203)}word...'`],
    [['a'.repeat(1_030), 'b', ['c']], `['${'a'.repeat(1_023)}...', ...]`],
  ])('of %j', (value, text) => {
    expect(safeRepr(value)).toBe(text);
  });

  it('shows positional arguments as a tuple', () => {
    expect([[], ['a'], [1, [2]]].map(tupleRepr)).toEqual(['()', "('a',)", '(1, [2])']);
  });
});

describe('pythonRepr', () => {
  it('writes values as Python shows them', () => {
    expect(pythonRepr({ a: null, b: [1, 2.5, true], c: "it's" })).toBe(`{'a': None, 'b': [1, 2.5, True], 'c': "it's"}`);
    expect(tupleRepr([])).toBe('()');
    expect(tupleRepr(['a'])).toBe("('a',)");
    expect(pythonRepr('x'.repeat(5_000))).toHaveLength(1_024);
  });
});
