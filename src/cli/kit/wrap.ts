/** Text broken between words at a terminal's width; escapes of colours take no room. */
import { stripVTControlCharacters } from 'node:util';

/** Prose: each further line of a paragraph is indented as its first; a word that is longer than the line stays whole. */
export function wrapWords(text: string, widthChars: number): string {
  return text
    .split('\n')
    .flatMap((line) => wrapLine(line, widthChars))
    .join('\n');
}

function wrapLine(line: string, widthChars: number): string[] {
  const [indent = ''] = /^ */.exec(line) ?? [];
  const lines: string[] = [];
  let current = '';
  for (const word of line.slice(indent.length).split(' ')) {
    const longer = current === '' ? indent + word : `${current} ${word}`;
    if (current !== '' && charsOf(stripVTControlCharacters(longer)) > widthChars) {
      lines.push(current);
      current = indent + word;
    } else current = longer;
  }
  return [...lines, current];
}

/** A table's cell: between words; a longer word after its punctuation (`classify_` `meeting`), and inside where it has none. */
export function wrapCell(text: string, widthChars: number): string[] {
  const lines: string[] = [];
  let current = '';
  for (const word of text.split(' ')) {
    const longer = current === '' ? word : `${current} ${word}`;
    if (charsOf(longer) <= widthChars) {
      current = longer;
      continue;
    }
    if (current !== '') lines.push(current);
    const pieces = breakWord(word, widthChars);
    lines.push(...pieces.slice(0, -1));
    current = pieces.at(-1) ?? '';
  }
  return [...lines, current];
}

/** Parts of a word that a line may end after. */
export function partsOf(word: string): readonly string[] {
  return word.match(/[^_\-/.,:@=]*[_\-/.,:@=]+|[^_\-/.,:@=]+/gu) ?? [word];
}

function breakWord(word: string, widthChars: number): string[] {
  const lines: string[] = [];
  let current = '';
  for (const part of partsOf(word)) {
    if (charsOf(current) + charsOf(part) <= widthChars) {
      current += part;
      continue;
    }
    if (current !== '') lines.push(current);
    const chars = [...part];
    while (chars.length > widthChars) lines.push(chars.splice(0, widthChars).join(''));
    current = chars.join('');
  }
  return [...lines, current];
}

export function charsOf(text: string): number {
  return [...text].length;
}
