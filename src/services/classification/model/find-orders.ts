/** Finds instructions to the machine (prompt injections) in a transcript: they are not shown to a model, and are no evidence. */
import type { Taxonomy } from '../../../models/taxonomy.ts';
import { createProgram } from '../rules/program.ts';
import { readSpeech } from '../rules/reading.ts';
import type { Segment } from '../text/tokens.ts';

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
    const { tokens, sentences, turns, marks } = readSpeech(program, transcript, segments);
    const ordered = new Set((marks.get('order') ?? []).map(({ first }) => tokens[first]?.sentence));
    return sentences.flatMap(({ first, last, turn }, index) => {
      const [from, to] = [tokens[first], tokens[last]];
      const isAside = turns[turn]?.role === 'ignored';
      if (from === undefined || to === undefined || !(ordered.has(index) || isAside || from.isQuotedData)) return [];
      const before = transcript.slice(Math.max(0, from.start - maxSpeakerChars), from.start);
      const label = isAside ? (speakerBefore.exec(before)?.[0].length ?? 0) : 0;
      return [{ start: from.start - label, end: to.end }];
    });
  };
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
