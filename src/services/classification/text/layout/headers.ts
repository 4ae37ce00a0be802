/** Reads the header at the start of a line: an optional clock, a name, an optional role or clock, and what ends the name. */
import { stampAt } from './stamps.ts';

/** What ends the name; `line`: the name has a line of its own. */
export type HeaderEnd = 'colon' | 'tab' | 'arrow' | 'pipe' | 'dash' | 'bracket' | 'voice' | 'clock' | 'line';

export interface Header {
  readonly name: string;
  readonly hint: string;
  readonly end: HeaderEnd;
  readonly hasClock: boolean;
  readonly hasLeadingClock: boolean;
  /** More than a capitalised name and a colon. */
  readonly isMarked: boolean;
  readonly startMs: number | undefined;
  /** Offset of the first word after it; the line's end if the words are in the next line. */
  readonly wordsAt: number;
}

export interface LineStart {
  /** Offset after a leading clock and its separators. */
  readonly wordsAt: number;
  readonly hasClock: boolean;
  readonly startMs: number | undefined;
  readonly header: Header | undefined;
}

export const maxNameChars = 60;
const maxNameWords = 6;
const maxHintChars = 48;
const marks = /(?:[\s\u200e\u200f\ufeff>#*•]|[-–—] |\d{1,4}[.)] (?=\p{L}))*/uy;
const gaps = /[\s*|·•\u200e\u200f]*/y;
const separators = /[\s*|·•,\u200e\u200f]*(?:[-–—:]+(?=\s|\p{L}))?[\s*|·•\u200e\u200f]*/uy;
const voice = /<v(?:\.[^\s>]*)?\s+([^>\n]{1,60})>/y;
const closers: Readonly<Record<string, string>> = { '[': ']', '(': ')', '<': '>', '{': '}' };
const shortTitle = /(?:^|[\s(])\p{Lu}?\p{L}{0,3}$/u;
/** Messengers show the number of who has no name. */
const phone = /^\+\d[\d\s()-]{6,20}$/;
const year = /\b(?:19|20)\d\d\b/;
const chatName = /^(?:from|de)\s+(.+?)\s+(?:to|para|a)\s+(?:everyone|todos)\b.*$/iu;

function skip(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  pattern.test(text);
  return pattern.lastIndex;
}

/** `from` and `to`: the line without its end. */
export function readLineStart(text: string, from: number, to: number): LineStart {
  let at = Math.min(to, skip(marks, text, from));
  const stamp = stampAt(text, at);
  const hasClock = stamp !== undefined && stamp.end <= to;
  if (hasClock) at = Math.min(to, skip(separators, text, stamp.end));
  const startMs = hasClock ? stamp.startMs : undefined;
  const header = readHeader({ text, at, to, hasClock, startMs, isMarked: hasClock || at > from });
  return { wordsAt: at, hasClock, startMs, header };
}

interface HeaderStart {
  readonly text: string;
  readonly at: number;
  readonly to: number;
  readonly hasClock: boolean;
  readonly startMs: number | undefined;
  readonly isMarked: boolean;
}

function readHeader(start: HeaderStart): Header | undefined {
  const { text, at, to } = start;
  const opening = text.charAt(at);
  if (at >= to) return undefined;
  if (opening === '<') {
    voice.lastIndex = at;
    const [, name = ''] = voice.exec(text) ?? [];
    if (name !== '') return makeHeader(start, { name, end: 'voice', wordsAt: voice.lastIndex, isMarked: true });
  }
  const closer = closers[opening];
  if (closer !== undefined) return readBracketed(start, closer);
  return readPlain(start);
}

/** "[SPEAKER_00]: …", "<Ana> …" */
function readBracketed(start: HeaderStart, closer: string): Header | undefined {
  const { text, at, to } = start;
  const close = text.indexOf(closer, at);
  if (close < 0 || close > Math.min(to, at + maxNameChars)) return undefined;
  const inner = text.slice(at + 1, close).split(/\s*[|,]?\s+(?=\d{1,2}:\d\d)/)[0] ?? '';
  if (!isPlausibleName(inner)) return undefined;
  let wordsAt = skip(gaps, text, close + 1);
  const hasColon = text.charAt(wordsAt) === ':';
  if (hasColon) wordsAt = skip(gaps, text, wordsAt + 1);
  return makeHeader(start, { name: inner, end: hasColon ? 'colon' : 'bracket', wordsAt, isMarked: true });
}

interface Rest {
  readonly name: string;
  readonly hint?: string;
  readonly end: HeaderEnd;
  readonly wordsAt: number;
  readonly isMarked: boolean;
  readonly startMs?: number | undefined;
  readonly hasClock?: boolean;
}

function makeHeader(start: HeaderStart, rest: Rest): Header | undefined {
  const trimmed = rest.name.replace(/^[\s*_"]+|[\s*_",@|·–—-]+$/g, '');
  const name = chatName.exec(trimmed)?.[1] ?? trimmed;
  if (!isPlausibleName(name)) return undefined;
  return {
    name,
    hint: rest.hint ?? '',
    end: rest.end,
    hasClock: start.hasClock || rest.hasClock === true,
    hasLeadingClock: start.hasClock,
    isMarked: rest.isMarked,
    startMs: start.startMs ?? rest.startMs,
    wordsAt: Math.min(start.to, rest.wordsAt),
  };
}

function isPlausibleName(name: string): boolean {
  if (name.length > maxNameChars || name.split(/\s+/).length > maxNameWords) return false;
  return phone.test(name) || (/\p{L}/u.test(name) && !year.test(name));
}

/** "Ana Ruiz (Ventas) - 00:12", "Ana:", "ana@x.cl >", and a name alone in its line. */
function readPlain(start: HeaderStart): Header | undefined {
  const { text, to } = start;
  const from = start.at;
  const limit = Math.min(to, from + maxNameChars + maxHintChars);
  let at = from;
  let nameEnd = -1;
  let hint = '';
  let { startMs, isMarked } = start;
  let dashAt = -1;
  let hasClock = false;
  const finish = (end: HeaderEnd, wordsAt: number) => {
    const name = text.slice(from, nameEnd < 0 ? at : nameEnd);
    const marked = isMarked || hint !== '' || hasClock || end !== 'colon';
    return makeHeader(start, {
      name,
      hint,
      end,
      wordsAt: skip(gaps, text, wordsAt),
      isMarked: marked,
      startMs,
      hasClock,
    });
  };
  while (at < limit) {
    const char = text.charAt(at);
    const next = text.charAt(at + 1);
    if (char === ':' && isColonEnd(text, at, to)) return finish('colon', at + 1);
    if (char === '\t' && at > from && !/[\d([]/.test(next)) return finish(hasClock ? 'clock' : 'tab', at + 1);
    if (char === '>') return finish('arrow', at + 1);
    if (char === ']') return start.hasClock ? finish('bracket', at + 1) : undefined;
    if (char === '*') {
      isMarked = true;
      if (nameEnd < 0) nameEnd = at;
    } else if (char === '(' || char === '[' || (char === '<' && at > from)) {
      const stamp = stampAt(text, at);
      const close = text.indexOf(closers[char] ?? '', at);
      if (close < 0 || close >= limit) return undefined;
      if (nameEnd < 0) nameEnd = at;
      if (stamp === undefined) hint = hint === '' ? text.slice(at + 1, close) : hint;
      else {
        hasClock = true;
        startMs ??= stamp.startMs;
      }
      at = close + 1;
      continue;
    } else if (isDigitAfterGap(text, at, from)) {
      const stamp = stampAt(text, at);
      if (stamp !== undefined && stamp.end <= to) {
        hasClock = true;
        startMs ??= stamp.startMs;
        if (nameEnd < 0) nameEnd = at;
        at = stamp.end;
        const rest = skip(gaps, text, at);
        if (rest >= to) return finish('line', to);
        if (text.charAt(rest) === ':') return finish('colon', rest + 1);
        if (text.charAt(rest) === '>') return finish('arrow', rest + 1);
        if (/[-–—]/.test(text.charAt(rest))) return finish('clock', rest + 1);
        return finish('clock', rest);
      }
    } else if (char === '|') {
      const rest = skip(gaps, text, at + 1);
      if (nameEnd < 0) nameEnd = at;
      if (stampAt(text, rest) === undefined) {
        const [written, role = ''] = besideName(text, rest) ?? [];
        if (written === undefined) return finish('pipe', at + 1);
        hint = role;
        return finish('colon', rest + written.length);
      }
    } else if (isDash(char) && text.charAt(at - 1) === ' ' && (next === ' ' || isDash(next))) {
      const rest = skip(separators, text, at);
      if (dashAt < 0) dashAt = rest;
      if (nameEnd < 0 && stampAt(text, rest) !== undefined) nameEnd = at;
    } else if (nameEnd >= 0 && hasClock && /\p{L}/u.test(char)) return finish('clock', at);
    else if (endsName(text, at, from)) break;
    at += 1;
  }
  if (at >= to) return finish('line', to);
  if (dashAt < 0) return undefined;
  nameEnd = nameEnd < 0 ? text.lastIndexOf(' ', dashAt - 2) : nameEnd;
  return finish('dash', dashAt);
}

const roleBesideName = /([\p{L} ]{2,24}):(?=\s)/uy;

/** "Ana | Ventas: …" */
function besideName(text: string, at: number): RegExpExecArray | null {
  roleBesideName.lastIndex = at;
  return roleBesideName.exec(text);
}

/** Not the colon of a clock or an address. */
function isColonEnd(text: string, at: number, to: number): boolean {
  const next = text.charAt(at + 1);
  return at + 1 >= to || (!(next >= '0' && next <= '9') && next !== '/' && next !== ':');
}

function isDash(char: string): boolean {
  return char === '-' || char === '–' || char === '—';
}

function isDigitAfterGap(text: string, at: number, from: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 0x30 && code <= 0x39 && at > from && /[\s|@,–—-]/.test(text.charAt(at - 1));
}

/** Punctuation that names do not have; the point of "Dr." and of an address is part of a name. */
function endsName(text: string, at: number, from: number): boolean {
  const char = text.charAt(at);
  if ('?!¿¡;"«»“”…{}=<'.includes(char)) return true;
  if (char !== '.') return false;
  const next = text.charAt(at + 1);
  return (next === '' || /\s/.test(next)) && !shortTitle.test(text.slice(Math.max(from, at - 5), at));
}
