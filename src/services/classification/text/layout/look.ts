/** A quick test for texts without a layout: prose, and lines such as "Ana: …", whose labels are found among the words. */
import { isCapital, isDash, isWord, space } from '../characters.ts';
import { maxNameChars } from './headers.ts';

const newline = 0x0a;
const colon = 0x3a;
/** One line can be chance. */
const minSigns = 2;
/** Not found in a plain label, and rarely in prose: the start of a clock, a bracket, markup. */
const signs = /\d:\d\d|<v[ .]|\*\*|\[[\p{L}_]+[ _]?\d*\]/u;

/** Whether the text may have a layout other than prose and plain labels. */
export function mayHaveLayout(text: string): boolean {
  if (!text.includes('\n')) return hasSignsInLine(text);
  let found = 0;
  let from = 0;
  while (from < text.length) {
    const end = text.indexOf('\n', from);
    const to = end < 0 ? text.length : end;
    if (isSign(text, from, to)) found += 1;
    if (found >= minSigns) return true;
    from = to + 1;
  }
  return false;
}

function hasSignsInLine(text: string): boolean {
  if (text.includes('\\n') || text.includes('\r')) return true;
  let found = 0;
  for (let at = text.indexOf(':'); at >= 0; at = text.indexOf(':', at + 1)) {
    if (!isPlainBefore(text, at)) found += 1;
    if (found >= minSigns) return signs.test(text) || hasOddLabels(text);
  }
  return text.includes('<v ');
}

/** A capitalised name without digits and marks, or no label at all. */
function isPlainBefore(text: string, at: number): boolean {
  const after = text.charCodeAt(at + 1);
  if (after >= 0x30 && after <= 0x39) return false;
  const floor = Math.max(0, at - maxNameChars);
  let start = at;
  while (start > floor) {
    const code = text.charCodeAt(start - 1);
    if (!isWord(code) && code !== space) break;
    start -= 1;
  }
  const before = start > 0 ? text.charCodeAt(start - 1) : 0x2e;
  if (before === 0x2c || before === 0x3b) return true;
  while (text.charCodeAt(start) === space) start += 1;
  const first = text.charCodeAt(start);
  return isCapital(first) && isSentenceEnd(before);
}

function isSentenceEnd(code: number): boolean {
  return code === 0x2e || code === 0x3f || code === 0x21 || code === 0x2026 || code === 0x22 || code === 0x201d;
}

/** A label of lower-case words that begins a sentence and occurs at least twice. */
function hasOddLabels(text: string): boolean {
  const labels = text.match(/(?<=^|[.!?…]\s+)[^\s.:!?,][^:!?,;\n]{0,40}(?=:\s)/gu) ?? [];
  return new Set(labels).size < labels.length;
}

/** Whether a line may begin with something other than prose or a plain label. */
function isSign(text: string, from: number, to: number): boolean {
  let at = from;
  while (at < to && text.charCodeAt(at) <= space) at += 1;
  if (at >= to) return false;
  const first = text.charCodeAt(at);
  if (isDash(first)) return hasColonSoon(text, at, to);
  const isPlainStart = isCapital(first);
  if (!isPlainStart && !isWord(first)) return isOpening(first);
  if (first >= 0x30 && first <= 0x39) return true;
  const limit = Math.min(to, at + maxNameChars);
  let isMarked = false;
  for (; at < limit; at += 1) {
    const code = text.charCodeAt(at);
    if (isWord(code)) {
      if (code >= 0x30 && code <= 0x39) isMarked = true;
      continue;
    }
    if (code === colon) return isMarked || !isPlainStart || isDigitAt(text, at + 1);
    if (isSeparator(code) || (isDash(code) && isSpaced(text, at))) return true;
    if (isProse(code)) return false;
    if (code !== space) isMarked = true;
  }
  // A short line without an end can be a name.
  return at >= to && to - from <= maxNameChars;
}

/** tab < > | ( [ @ */
function isSeparator(code: number): boolean {
  return (
    code === 0x09 || code === 0x3c || code === 0x3e || code === 0x7c || code === 0x28 || code === 0x5b || code === 0x40
  );
}

/** "Ana - …" */
function isSpaced(text: string, at: number): boolean {
  return text.charCodeAt(at - 1) === space && text.charCodeAt(at + 1) === space;
}

/** "- Ana: …" is a label with a mark; "- Hola" is a turn of its own, which words show. */
function hasColonSoon(text: string, from: number, to: number): boolean {
  const at = text.indexOf(':', from);
  return at >= 0 && at < Math.min(to, from + maxNameChars);
}

function isDigitAt(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 0x30 && code <= 0x39;
}

/** [ ( < { * # > and the mark of direction that messengers write */
function isOpening(code: number): boolean {
  return (
    code === 0x5b ||
    code === 0x28 ||
    code === 0x3c ||
    code === 0x7b ||
    code === 0x2a ||
    code === 0x23 ||
    code === 0x3e ||
    code === newline ||
    code === 0x200e
  );
}

function isProse(code: number): boolean {
  return code === 0x3f || code === 0x21 || code === 0xbf || code === 0xa1 || code === 0x3b;
}
