/** Character classes, by UTF-16 code. */

export const space = 0x20;

/** Classes of the characters below 0x250, as bit flags: letters, digits, `&` and `_` make words. */
const classes = { word: 1, upper: 2 } as const;
const classesOf = Uint8Array.from({ length: 0x250 }, (_each, code) => {
  const char = String.fromCharCode(code);
  return (/[\p{L}\p{N}&_]/u.test(char) ? classes.word : 0) | (isUpper(char) ? classes.upper : 0);
});
const otherWord = /[\p{L}\p{N}\p{M}]/u;

function isUpper(char: string): boolean {
  return char !== char.toLowerCase();
}

export function isWord(code: number): boolean {
  const found = classesOf[code];
  return found === undefined ? isOtherWord(code) : (found & classes.word) !== 0;
}

/** Surrogates count as letters, so that no pair is cut. */
function isOtherWord(code: number): boolean {
  return (code >= 0xd800 && code <= 0xdfff) || otherWord.test(String.fromCharCode(code));
}

export function isCapital(code: number): boolean {
  const found = classesOf[code];
  return found === undefined ? isUpper(String.fromCharCode(code)) : (found & classes.upper) !== 0;
}

export function isCurrency(code: number): boolean {
  return code === 0x24 || code === 0x20ac || code === 0xa3;
}

/** Starts a list item or a turn: - – — • * */
export function isDash(code: number): boolean {
  return code === 0x2d || code === 0x2013 || code === 0x2014 || code === 0x2022 || code === 0x2a;
}

/** Whether a character that is not part of words joins two parts of one: a point or comma between digits, an apostrophe before a letter. */
export function joinsWord(text: string, at: number, limit: number): boolean {
  const code = text.charCodeAt(at);
  if (code === space || at + 1 >= limit) return false;
  const next = text.charCodeAt(at + 1);
  if (code === 0x2e || code === 0x2c) return isDigit(text.charCodeAt(at - 1)) && isDigit(next);
  return isApostrophe(code) && isWord(next);
}

function isApostrophe(code: number): boolean {
  return code === 0x27 || code === 0x2019 || code === 0x2018 || code === 0xb4 || code === 0x60;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}
