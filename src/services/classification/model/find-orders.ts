/** Finds instructions to the machine (prompt injections) in a transcript: they are not shown to a model, and are no evidence. */
import type { Taxonomy } from '../../../models/taxonomy.ts';
import { createProgram } from '../rules/program.ts';
import { readSpeech, type Speech } from '../rules/reading.ts';
import type { Segment } from '../text/tokens.ts';
import { readAllWords, readWords } from '../text/words.ts';

/** The text of a segment, with untrusted passages replaced by an ellipsis. */
export function without(transcript: string, { start, end }: Segment, untrusted: readonly Segment[]): string {
  let text = '';
  let from = start;
  for (const each of [...untrusted].sort((a, b) => a.start - b.start)) {
    if (each.end <= from || each.start >= end) continue;
    text += `${transcript.slice(from, Math.max(from, each.start))}[…]`;
    from = Math.min(end, each.end);
  }
  return text + transcript.slice(from, end);
}

/** A speaker's name before a sentence, with what pasted data may start with. */
const speakerBefore = /(?:[\p{L}\p{N}]+[ \t]+){0,4}[\p{L}\p{N}]+[ \t]?:[\s{["'`]*$/u;
const maxSpeakerChars = 64;

/** Finds sentences with the taxonomy's order cues, sentences of a machine ("System: …"), and pasted data. */
export type OrderFinder = (transcript: string, segments: readonly Segment[]) => Segment[];

export function createOrderFinder(taxonomy: Taxonomy): OrderFinder {
  const program = createProgram(withoutFields(taxonomy));
  return (transcript, segments) => {
    const words = readWords(transcript, segments, program.lexicon);
    const found = untrustedIn(readSpeech(program, transcript, words), true);
    if (!words.isLaidOut) return found;
    // A model sees titles, notes and other data as well, which are no words of a turn.
    const all = readAllWords(transcript, segments, program.lexicon);
    return [...found, ...untrustedIn(readSpeech(program, transcript, all), false)];
  };
}

/** `hasPastedData`: whether brackets hold pasted data; those of a layout do not. */
function untrustedIn({ text, tokens, sentences, turns, marks }: Speech, hasPastedData: boolean): Segment[] {
  const ordered = new Set((marks.get('order') ?? []).map(({ first }) => tokens[first]?.sentence));
  return sentences.flatMap(({ first, last, turn }, index) => {
    const [from, to] = [tokens[first], tokens[last]];
    const isAside = turns[turn]?.role === 'ignored';
    if (from === undefined || to === undefined) return [];
    if (!ordered.has(index) && !isAside && !(hasPastedData && from.isQuotedData)) return [];
    const before = text.slice(Math.max(0, from.start - maxSpeakerChars), from.start);
    const label = isAside ? (speakerBefore.exec(before)?.[0].length ?? 0) : 0;
    return [{ start: from.start - label, end: to.end }];
  });
}

/** Orders need only a tenth of the cues, which halves the time. */
function withoutFields(taxonomy: Taxonomy): Taxonomy {
  const { extracts } = taxonomy.file;
  const silent = (extract: typeof extracts.topics) => ({ ...extract, cues: {} });
  const nothing = {
    topics: silent(extracts.topics),
    actions: silent(extracts.actions),
    next: silent(extracts.next),
    summary: silent(extracts.summary),
  };
  return { ...taxonomy, fields: [], file: { ...taxonomy.file, fields: [], extracts: nothing } };
}
