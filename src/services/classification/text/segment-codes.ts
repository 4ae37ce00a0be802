/** A segment of a text as character codes: an array gives them sooner than a string does, so that words are read in half the time. */
import { endianness } from 'node:os';
import { space } from './characters.ts';

/** Codes around the segment that are looked at too: what stands before its first word and behind its last. */
const margin = 2;

export interface SegmentCodes {
  readonly text: string;
  /** Of the segment and of two characters around it; before a text stands a space, behind it 0. */
  readonly codes: Uint16Array;
  /** Index in the text less index in `codes`. */
  readonly offset: number;
}

/** Codes hold until the next segment is read. */
export type CodeReader = (text: string, start: number, end: number) => SegmentCodes;

const isBigEndian = endianness() === 'BE';

/** Reads segments one after another into the same memory. */
export function createCodeReader(): CodeReader {
  let bytes = Buffer.alloc(0);
  let codes = new Uint16Array(0);
  return (text, start, end) => {
    const from = Math.max(0, start - margin);
    const to = Math.min(text.length, end + margin);
    const count = margin + to - from + margin;
    if (count > codes.length) {
      bytes = Buffer.alloc(count * 2 * Uint16Array.BYTES_PER_ELEMENT);
      codes = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / Uint16Array.BYTES_PER_ELEMENT);
    }
    bytes.write(text.slice(from, to), margin * Uint16Array.BYTES_PER_ELEMENT, 'utf16le');
    if (isBigEndian) bytes.swap16();
    codes[0] = 0;
    codes[1] = space;
    codes.fill(0, margin + to - from, count);
    return { text, codes, offset: from - margin };
  };
}
