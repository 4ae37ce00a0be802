/**
 * Counts the bytes that are letters in Windows-1252 and in Mac Roman. Both have a character for nearly every byte, so what
 * counts is where it lies: the letters of Spanish in Mac Roman are marks, dashes and quotes in Windows-1252.
 */
import { decodeWindows1252 } from './windows-1252.ts';

export interface LetterWatch {
  add(bytes: Uint8Array): void;
  counts(): { readonly windows: number; readonly mac: number };
}

const macRoman = new TextDecoder('macintosh');
const spanishLetters = 'áéíóúñüÁÉÍÓÚÑÜ';
const windowsLetters = bytesOf(decodeWindows1252, `${spanishLetters}àèìòùâêîôûãõäöçßåø`);
const macLetters = bytesOf((byte) => macRoman.decode(byte), spanishLetters);
/** Mac Roman's Á, Í, Ó and Ú are Windows-1252's ç, ê, î and ò. */
const macCapitals = new Set([0xe7, 0xea, 0xee, 0xf2]);
const [apostrophe, oe] = [0x92, 0x9c];
const dashes = new Set([0x96, 0x97]);
/** Ends of English words after an apostrophe, the byte of Mac Roman's "í". */
const contraction = /^(?:s|t|d|m|re|ve|ll|em|clock|all)(?![a-z])/i;
/** Letters that are looked at on either side of a byte. */
const wordChars = 8;

export function createLetterWatch(): LetterWatch {
  let windows = 0;
  let mac = 0;
  return {
    add(bytes) {
      for (const [at, byte] of bytes.entries()) {
        if (byte < 0x80) continue;
        const reading = readByte(byte, lettersBefore(bytes, at), lettersAfter(bytes, at));
        if (reading === 'windows') windows += 1;
        else if (reading === 'mac') mac += 1;
      }
    },
    counts: () => ({ windows, mac }),
  };
}

/** Undefined: it says nothing. */
function readByte(byte: number, before: string, after: string): 'windows' | 'mac' | undefined {
  if (before === '' && after === '') return undefined;
  if (macCapitals.has(byte)) return /[a-z]$/.test(before) ? 'windows' : 'mac';
  if (windowsLetters.has(byte)) return 'windows';
  if (!macLetters.has(byte)) return undefined;
  // "don’t", "O’Higgins", "l’avion", "qu’il" have one letter or a known piece on one side; "cl’nica" has not.
  if (byte === apostrophe) {
    const isApostrophe = before.length < 2 || after.length < 2 || contraction.test(after) || /qu$/i.test(before);
    return isApostrophe ? undefined : 'mac';
  }
  if (byte === oe && /^[ui]/i.test(after)) return 'windows';
  // "we agreed—and" has words on both sides; "reuni—n" and "Espa–a" have a single letter on one.
  if (dashes.has(byte)) return before.length > 1 && /^(?:[nao]|nes|os|as)$/.test(after) ? 'mac' : undefined;
  return 'mac';
}

function lettersBefore(bytes: Uint8Array, at: number): string {
  let from = at;
  while (from > 0 && at - from < wordChars && isLetter(bytes[from - 1])) from -= 1;
  return String.fromCharCode(...bytes.subarray(from, at));
}

function lettersAfter(bytes: Uint8Array, at: number): string {
  let to = at + 1;
  while (to < bytes.length && to - at <= wordChars && isLetter(bytes[to])) to += 1;
  return String.fromCharCode(...bytes.subarray(at + 1, to));
}

function isLetter(byte: number | undefined): boolean {
  return byte !== undefined && ((byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a));
}

function bytesOf(decodeByte: (byte: Uint8Array) => string, letters: string): ReadonlySet<number> {
  const bytes = Array.from({ length: 0x80 }, (_, index) => index + 0x80);
  return new Set(bytes.filter((byte) => letters.includes(decodeByte(Uint8Array.of(byte)))));
}
