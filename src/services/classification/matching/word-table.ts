/** The words met so far, known again by the codes of their spelling: that takes less than to cut a word out of its text and ask a Map. */
import { createNumberPool } from './number-pool.ts';
import { type Meaning, Word } from './word.ts';

export interface WordTable {
  /** The word of some codes, whose hash was computed on the way. */
  find(hash: number, codes: Uint16Array, from: number, length: number): Word | undefined;
  /** Remembers a word that was not found. */
  add(meaning: Meaning, hash: number, spelling: Uint16Array): Word;
}

/** More distinct spellings than this are no language; the memory of them is dropped and begun anew. */
const maxWordsKept = 30_000;
/** Places for each word, so that two of them seldom ask for one. */
const placesAWord = 4;
/** Places where a word may stand, one after another: no words, however they are made up, take longer to look for. */
const mostTries = 8;

/** Adds a code to a hash: by the golden ratio's share of 32 bits (Knuth, The Art of Computer Programming 3, section 6.4). */
export function hashOn(hash: number, code: number): number {
  return Math.imul(hash + code, 0x9e3779b1);
}

export function createWordTable(): WordTable {
  /** Codes of the words, one word after another. */
  const spellings = createNumberPool();
  let places = createPlaces(4_096);
  let count = 0;

  const put = (word: Word): void => {
    const mask = places.length - 1;
    const first = firstPlace(word.hash, mask);
    for (let tries = 0; tries < mostTries; tries += 1) {
      const place = (first + tries) & mask;
      if (places[place] === undefined) {
        places[place] = word;
        return;
      }
    }
    places[first] = word;
  };

  return {
    find(hash, codes, from, length) {
      const all = places;
      const { numbers } = spellings;
      const mask = all.length - 1;
      const first = firstPlace(hash, mask);
      for (let tries = 0; tries < mostTries; tries += 1) {
        const word = all[(first + tries) & mask];
        if (word === undefined) return undefined;
        if (word.length === length && isSpeltAt(numbers, word.spellingAt, codes, from, length)) return word;
      }
      return undefined;
    },
    add(meaning, hash, spelling) {
      if (count >= maxWordsKept) {
        count = 0;
        places.fill(undefined);
        spellings.clear();
      }
      count += 1;
      if (count * placesAWord > places.length) {
        const words = places;
        places = createPlaces(words.length * 2);
        for (const word of words) if (word !== undefined) put(word);
      }
      const word = new Word(meaning, { hash, length: spelling.length, spellingAt: spellings.add(spelling) });
      put(word);
      return word;
    },
  };
}

/** `count`: a power of two. */
function createPlaces(count: number): (Word | undefined)[] {
  return new Array<Word | undefined>(count).fill(undefined);
}

function firstPlace(hash: number, mask: number): number {
  return (hash >>> 12) & mask;
}

function isSpeltAt(spellings: Int32Array, start: number, codes: Uint16Array, from: number, length: number): boolean {
  for (let at = 0; at < length; at += 1) if (spellings[start + at] !== codes[from + at]) return false;
  return true;
}
