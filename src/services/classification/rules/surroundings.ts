/** What is the same for all decisions about one text: its words, the list values that are present, who speaks. */
import type { FileField } from '../../../models/taxonomy-file.ts';
import type { FieldResult } from '../classifier.ts';
import type { Surroundings } from './features.ts';
import type { Reading } from './reading.ts';

export interface SurroundingsReader {
  readonly signalCount: number;
  read(reading: Reading, results: readonly FieldResult[]): Surroundings;
}

/** Keeps its buffers from one text to the next: what `read` returns is valid until the next call. */
export function createSurroundingsReader(fields: readonly FileField[], vocabulary: number): SurroundingsReader {
  const lists = fields.flatMap((field, index) => (field.type === 'list' ? [{ field, index }] : []));
  const starts: number[] = [];
  let signalCount = 0;
  for (const { field } of lists) {
    starts.push(signalCount);
    signalCount += field.values.length;
  }
  const words = new Int32Array(vocabulary);
  /** By word: the text in which it was last seen. */
  const seenIn = new Int32Array(vocabulary);
  let textNumber = 0;

  const readWords = ({ tokens, sentences }: Reading): number => {
    textNumber += 1;
    let count = 0;
    for (const { word, sentence } of tokens) {
      const at = word.vocabulary;
      if (at < 0 || seenIn[at] === textNumber || sentences[sentence]?.trustPercent === 0) continue;
      seenIn[at] = textNumber;
      words[count] = at;
      count += 1;
    }
    return count;
  };

  const readSignals = (results: readonly FieldResult[]): number[] => {
    const signals: number[] = [];
    lists.forEach(({ field, index }, at) => {
      const value = results[index]?.value;
      if (!Array.isArray(value)) return;
      field.values.forEach(({ id }, part) => {
        if (value.includes(id)) signals.push((starts[at] ?? 0) + part);
      });
    });
    return signals;
  };

  return {
    signalCount,
    read(reading, results) {
      let evidence = 0;
      for (const hits of reading.hits) if (hits !== undefined && hits.cues.length > 0) evidence += 1;
      return {
        words,
        wordCount: readWords(reading),
        signals: readSignals(results),
        hasSeller: reading.turns.some(({ role }) => role === 'seller'),
        evidence,
        logTokens: Math.log1p(reading.tokens.length),
      };
    },
  };
}
