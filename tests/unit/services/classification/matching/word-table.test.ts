import { expect, it } from 'vitest';
import type { Meaning, Word } from '../../../../../src/services/classification/matching/word.ts';
import {
  addToHash,
  createWordTable,
  type WordTable,
} from '../../../../../src/services/classification/matching/word-table.ts';

const hashOf = (spelling: string) => spelling.split('').reduce((hash, char) => addToHash(hash, char.charCodeAt(0)), 0);
const meaningOf = (folded: string): Meaning => ({
  traits: 0,
  transitions: -1,
  languageSet: 0,
  vocabulary: -1,
  value: null,
  multiplier: null,
  folded,
});
const add = (table: WordTable, spelling: string): Word => table.add(meaningOf(spelling), hashOf(spelling), spelling);
const find = (table: WordTable, spelling: string): Word | undefined =>
  table.find(hashOf(spelling), `_${spelling}_`, 1, spelling.length);
const numbered = (count: number) => Array.from({ length: count }, (_each, index) => `w${index}`);

it('finds every added word and no other', () => {
  const table = createWordTable();
  const words = numbered(20_000);
  for (const word of words) add(table, word);
  const found = words.filter((word) => find(table, word)?.folded === word);
  expect(found.length).toBeGreaterThan(words.length * 0.999);
  expect(words.filter((word) => ![word, undefined].includes(find(table, word)?.folded))).toEqual([]);
  expect(find(table, 'w20000')).toBeUndefined();
});

it('distinguishes words that hash to the same slot, and keeps a few of them', () => {
  const table = createWordTable();
  const slot = (word: string) => (hashOf(word) >>> 12) & 0xfff;
  const words = numbered(200_000)
    .filter((word) => slot(word) === slot('w0'))
    .slice(0, 20);
  expect(words).toHaveLength(20);
  for (const word of words) add(table, word);
  const found = words.flatMap((word) => find(table, word)?.folded ?? []);
  expect(found).toHaveLength(8);
  expect(found.filter((word) => !words.includes(word))).toEqual([]);
  expect(find(table, words.at(-1) ?? '')?.folded).toBe(words.at(-1));
});

it('clears itself at 30,000 words', () => {
  const table = createWordTable();
  for (const word of numbered(30_000)) add(table, word);
  expect(find(table, 'w29999')).toBeDefined();
  add(table, 'last');
  expect(find(table, 'last')?.folded).toBe('last');
  expect(find(table, 'w29999')).toBeUndefined();
});
