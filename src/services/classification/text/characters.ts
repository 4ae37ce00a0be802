/** What the characters of a text are, by their UTF-16 codes. */

export const space = 0x20;

/** What a character below 0x250 is, a bit each: letters, digits, `&` and `_` make words. */
const kinds = { word: 1, upper: 2 } as const;
const kindOf = Uint8Array.from({ length: 0x250 }, (_each, code) => {
  const char = String.fromCharCode(code);
  return (/[\p{L}\p{N}&_]/u.test(char) ? kinds.word : 0) | (isUpper(char) ? kinds.upper : 0);
});
const otherWord = /[\p{L}\p{N}\p{M}]/u;

function isUpper(char: string): boolean {
  return char !== char.toLowerCase();
}

export function isWord(code: number): boolean {
  const kind = kindOf[code];
  return kind === undefined ? isOtherWord(code) : (kind & kinds.word) !== 0;
}

function isOtherWord(code: number): boolean {
  return (code >= 0xd800 && code <= 0xdfff) || otherWord.test(String.fromCharCode(code));
}

export function isCapital(code: number): boolean {
  const kind = kindOf[code];
  return kind === undefined ? isUpper(String.fromCharCode(code)) : (kind & kinds.upper) !== 0;
}

export function isCurrency(code: number): boolean {
  return code === 0x24 || code === 0x20ac || code === 0xa3;
}

/** What opens an item of a list or a turn: - – — • * */
export function isDash(code: number): boolean {
  return code === 0x2d || code === 0x2013 || code === 0x2014 || code === 0x2022 || code === 0x2a;
}

/** Whether a character that makes no words joins two parts of one: a point or comma between digits, an apostrophe before a letter. */
export function joinsWord(codes: Uint16Array, at: number, limit: number): boolean {
  const code = codes[at] ?? 0;
  if (code === space || at + 1 >= limit) return false;
  const next = codes[at + 1] ?? 0;
  if (code === 0x2e || code === 0x2c) return isDigit(codes[at - 1] ?? 0) && isDigit(next);
  return isApostrophe(code) && isWord(next);
}

function isApostrophe(code: number): boolean {
  return code === 0x27 || code === 0x2019 || code === 0x2018 || code === 0xb4 || code === 0x60;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}
