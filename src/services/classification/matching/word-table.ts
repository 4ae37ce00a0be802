/**
 * A hash table of the words read so far (open addressing, linear probing), with character codes as keys: a known word is found
 * without making a string of it.
 */
import { createNumberPool } from './number-pool.ts';
import { type Meaning, Word } from './word.ts';

export interface WordTable {
  /** The word spelled at `from` in a text; `hash` is the hash of these characters. */
  find(hash: number, text: string, from: number, length: number): Word | undefined;
  /** Adds a word that `find` did not find. */
  add(meaning: Meaning, hash: number, spelling: string): Word;
}

/** No language has more spellings in use; at this limit the table is cleared, which bounds its memory. */
const maxWords = 30_000;
/** The inverse of the maximum load factor. */
const slotsPerWord = 4;
const initialSlots = 4_096;
/** Bounds the work for words that an attacker chose to collide: a word that finds no free slot replaces another one. */
const maxProbes = 8;

/** Multiplicative (Fibonacci) hashing: Knuth, The Art of Computer Programming 3, section 6.4. */
export function addToHash(hash: number, code: number): number {
  return Math.imul(hash + code, 0x9e3779b1);
}

export function createWordTable(): WordTable {
  /** Character codes of all words. */
  const spellings = createNumberPool();
  let slots = createSlots(initialSlots);
  let count = 0;

  return {
    find(hash, text, from, length) {
      const all = slots;
      const { numbers } = spellings;
      const mask = all.length - 1;
      const first = firstSlot(hash, mask);
      for (let probe = 0; probe < maxProbes; probe += 1) {
        const word = all[(first + probe) & mask];
        if (word === undefined) return undefined;
        if (word.length === length && isSpelledAt(numbers, word.spellingAt, text, from, length)) return word;
      }
      return undefined;
    },
    add(meaning, hash, spelling) {
      if (count >= maxWords) {
        count = 0;
        slots.fill(undefined);
        spellings.clear();
      }
      count += 1;
      if (count * slotsPerWord > slots.length) slots = rehash(slots);
      const spellingAt = spellings.add(Uint16Array.from(spelling.split(''), (char) => char.charCodeAt(0)));
      const word = new Word(meaning, { hash, length: spelling.length, spellingAt });
      put(slots, word);
      return word;
    },
  };
}

type Slots = (Word | undefined)[];

/** @param count a power of two */
function createSlots(count: number): Slots {
  return new Array<Word | undefined>(count).fill(undefined);
}

function rehash(slots: Slots): Slots {
  const larger = createSlots(slots.length * 2);
  for (const word of slots) if (word !== undefined) put(larger, word);
  return larger;
}

function put(slots: Slots, word: Word): void {
  const mask = slots.length - 1;
  const first = firstSlot(word.hash, mask);
  for (let probe = 0; probe < maxProbes; probe += 1) {
    const slot = (first + probe) & mask;
    if (slots[slot] === undefined) {
      slots[slot] = word;
      return;
    }
  }
  slots[first] = word;
}

function firstSlot(hash: number, mask: number): number {
  return (hash >>> 12) & mask;
}

function isSpelledAt(spellings: Int32Array, start: number, text: string, from: number, length: number): boolean {
  for (let at = 0; at < length; at += 1) if (spellings[start + at] !== text.charCodeAt(from + at)) return false;
  return true;
}
