/** Splits a text into lines and says what each one is: a header, a clock, a cue number, words. */
import { type Header, readLineStart } from './headers.ts';

export type LineKind = 'blank' | 'words' | 'cue' | 'clock' | 'note';

export interface Line {
  readonly from: number;
  /** Without the line's end. */
  readonly to: number;
  kind: LineKind;
  /** After a clock at its start. */
  readonly wordsAt: number;
  readonly hasClock: boolean;
  readonly startMs: number | undefined;
  readonly header: Header | undefined;
}

const literalBreak = /\\r?\\n|\\n/g;
const cueTime = /^\s*(?:\d+:)?\d{1,2}:\d{2}(?:[.,]\d+)?\s*-->\s*(?:\d+:)?\d{1,2}:\d{2}/;
/** What recorders write around the words. */
const recorderLine =
  /^\s*(?:WEBVTT\b.*|NOTE\b.*|STYLE|REGION|Kind: captions|Language: [\w-]+|X-TIMESTAMP-MAP.*|[-–—_=*]{3,}|(?:transcri(?:bed|pt(?:ion)?|to|ción)|recorded|generated|powered|generado|grabado)\b.{0,60}\b(?:by|with|por|con|https?:)\b.*|meeting ended after\b.*|view recording\b.*|ver grabación\b.*|.{1,60} (?:inició|detuvo) la transcripción|.{1,60} (?:started|stopped) (?:the )?transcription)\s*$/i;
const maxRecorderLineChars = 160;

/** Line ends; a backslash and an n where the text has no real ones; sentence ends where it has neither. */
export function splitLines(text: string): Line[] {
  if (text.includes('\n')) return readLines(text, breaksOf(text, /\r?\n/g));
  const literal = breaksOf(text, literalBreak);
  if (literal.length > 0) return readLines(text, literal);
  const carriage = breaksOf(text, /\r/g);
  return readLines(text, carriage.length > 0 ? carriage : sentenceBreaks(text));
}

interface Break {
  readonly at: number;
  readonly end: number;
}

function breaksOf(text: string, pattern: RegExp): Break[] {
  return [...text.matchAll(pattern)].map(({ index, 0: found }) => ({ at: index, end: index + found.length }));
}

/** In a text of one line a turn begins after the end of a sentence, or at a bracket. */
function sentenceBreaks(text: string): Break[] {
  return breaksOf(text, /(?<=[.!?…»"”)])\s+(?=[\p{L}[(<*\d])|\s+(?=\[\d|\[[\p{L}_]+ ?\d*\]|<v |\*\*)/gu);
}

function readLines(text: string, breaks: readonly Break[]): Line[] {
  const lines: Line[] = [];
  let from = 0;
  for (const { at, end } of breaks) {
    lines.push(readLine(text, from, at));
    from = end;
  }
  lines.push(readLine(text, from, text.length));
  markCueNumbers(text, lines);
  return lines;
}

function readLine(text: string, from: number, to: number): Line {
  const plain = { from, to, wordsAt: from, hasClock: false, startMs: undefined, header: undefined };
  let at = from;
  while (at < to && text.charCodeAt(at) <= 0x20) at += 1;
  if (at >= to) return { ...plain, kind: 'blank' };
  const code = text.charCodeAt(at);
  const isShort = to - from <= maxRecorderLineChars;
  if (isShort && code >= 0x30 && code <= 0x39) {
    const written = text.slice(from, to);
    if (cueTime.test(written)) return { ...readLineStart(text, at, to), from, to, kind: 'cue', header: undefined };
  }
  if (isShort && recorderLine.test(text.slice(from, to))) return { ...plain, kind: 'note' };
  const start = readLineStart(text, at, to);
  const kind = start.hasClock && start.wordsAt >= to ? 'clock' : 'words';
  return { ...start, from, to, kind };
}

/** The line before the time of a cue, if it follows a blank line: its number or id. */
function markCueNumbers(text: string, lines: readonly Line[]): void {
  for (const [index, line] of lines.entries()) {
    const [id, before] = [lines[index - 1], lines[index - 2]];
    if (line.kind !== 'cue' || id === undefined || id.kind === 'blank' || id.kind === 'cue') continue;
    const isNumber = /^\s*\d+\s*$/.test(text.slice(id.from, id.to));
    if (isNumber || before === undefined || before.kind === 'blank' || before.kind === 'note') id.kind = 'note';
  }
}
