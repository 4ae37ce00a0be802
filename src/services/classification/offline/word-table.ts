/** The words met so far, known again by the codes of their spelling: that takes less than to cut a word out of its text and ask a Map. */
import type { Word } from './lexicon.ts';

export interface WordTable {
  /** The word of some codes, whose hash was computed on the way. */
  find(hash: number, codes: Uint16Array, from: number, length: number): Word | undefined;
  /** Remembers a word that was not found; what it makes is given where the spelling begins. */
  add(hash: number, spelling: Uint16Array, make: (spellingAt: number) => Word): Word;
}

/** More distinct spellings than this are no language; the memory of them is dropped and begun anew. */
const maxWordsKept = 30_000;
/** For each word, so that two of them seldom ask for one place. */
const placesAWord = 4;

/** Adds a code to a hash: by the golden ratio's share of 32 bits (Knuth, The Art of Computer Programming 3, section 6.4). */
export function hashOn(hash: number, code: number): number {
  return Math.imul(hash + code, 0x9e3779b1);
}

export function createWordTable(): WordTable {
  const spellings = createSpellings();
  let places = new Array<Word | undefined>(4_096).fill(undefined);
  let count = 0;

  const put = (word: Word): void => {
    let place = firstPlace(word.hash, places);
    while (places[place] !== undefined) place = (place + 1) & (places.length - 1);
    places[place] = word;
  };

  return {
    find(hash, codes, from, length) {
      const all = places;
      const mask = all.length - 1;
      let place = firstPlace(hash, all);
      for (;;) {
        const word = all[place];
        if (word === undefined) return undefined;
        if (word.length === length && spellings.isAt(word.spellingAt, codes, from, length)) return word;
        place = (place + 1) & mask;
      }
    },
    add(hash, spelling, make) {
      if (count >= maxWordsKept) {
        count = 0;
        places.fill(undefined);
        spellings.clear();
      }
      count += 1;
      if (count * placesAWord > places.length) {
        const words = places;
        places = new Array<Word | undefined>(words.length * 2).fill(undefined);
        for (const word of words) if (word !== undefined) put(word);
      }
      const word = make(spellings.add(spelling));
      put(word);
      return word;
    },
  };
}

function firstPlace(hash: number, places: readonly unknown[]): number {
  return (hash >>> 12) & (places.length - 1);
}

/** Codes of words, one word after another. */
function createSpellings() {
  let codes = new Uint16Array(4_096);
  let end = 0;
  return {
    clear() {
      end = 0;
    },
    add(spelling: Uint16Array): number {
      const start = end;
      end += spelling.length;
      if (end > codes.length) {
        const grown = new Uint16Array(codes.length * 2);
        grown.set(codes);
        codes = grown;
      }
      codes.set(spelling, start);
      return start;
    },
    isAt(start: number, others: Uint16Array, from: number, length: number): boolean {
      for (let at = 0; at < length; at += 1) if (codes[start + at] !== others[from + at]) return false;
      return true;
    },
  };
}
