/** Topics, commitments, next steps and summary, as passages of the transcript. */
import type { Classification, FieldResult } from '../classifier.ts';
import type { Sentence } from '../text/sentences.ts';
import type { Program, TextRole } from './program.ts';
import { type Reading, trustPercentAt } from './reading.ts';
import { isNegated } from './weigh.ts';

type Extracts = Pick<Classification, 'keyTopics' | 'actionItems' | 'nextSteps' | 'summary'>;

/** One to five words. */
const topicWords = /^\S+(?:\s+\S+){0,4}$/;
const maxTopicChars = 60;
const maxSentenceChars = 400;
const minSummaryWords = 5;

/** Everything is quoted verbatim; an empty list or null if nothing is found. */
export function extract(program: Program, reading: Reading, fields: readonly FieldResult[]): Extracts {
  const { extracts } = program.taxonomy.file;
  const actionItems = sentencesWith(reading, 'actions', extracts.actions.most);
  const next = sentencesWith(reading, 'next', extracts.next.most);
  return {
    keyTopics: findTopics(program, reading, fields),
    actionItems: actionItems.map((each) => sentenceText(reading, each)),
    nextSteps: next.length === 0 ? null : next.map((each) => sentenceText(reading, each)).join(' '),
    summary: summarise(reading, fields, extracts.summary.most),
  };
}

function sentencesWith(reading: Reading, role: TextRole, most: number): Sentence[] {
  const found = new Set<number>();
  for (const mark of reading.marks.get(role) ?? []) {
    const index = reading.tokens[mark.first]?.sentence ?? 0;
    const sentence = reading.sentences[index];
    const isOrder = sentence?.trustPercent === 0 && reading.turns[sentence.turn]?.role !== 'seller';
    if (!isOrder && !isNegated(reading, mark)) found.add(index);
  }
  return [...found]
    .sort((a, b) => a - b)
    .slice(0, most)
    .flatMap((index) => reading.sentences[index] ?? []);
}

/** The sentence with its closing mark, cut at a word after at most 400 characters. */
function sentenceText(reading: Reading, sentence: Sentence): string {
  const start = reading.tokens[sentence.first]?.start ?? 0;
  let last = sentence.last;
  while (last > sentence.first && (reading.tokens[last]?.end ?? 0) - start > maxSentenceChars) last -= 1;
  let end = reading.tokens[last]?.end ?? start;
  if (last === sentence.last && '.!?…'.includes(reading.text.charAt(end) || ' ')) end += 1;
  return reading.text.slice(start, end);
}

function findTopics(program: Program, reading: Reading, fields: readonly FieldResult[]): string[] {
  const topics = new Map<string, string>();
  const add = (text: string): void => {
    const key = text.toLowerCase();
    const isKnown = [...topics.keys()].some((other) => other.includes(key) || key.includes(other));
    if (!isKnown && text.length <= maxTopicChars) topics.set(key, text);
  };
  program.taxonomy.file.fields.forEach((field, index) => {
    if (!field.topic) return;
    for (const { quote } of fields[index]?.evidence ?? []) if (topicWords.test(quote)) add(quote);
  });
  for (const mark of reading.marks.get('topics') ?? []) {
    const isEvidence = trustPercentAt(reading, mark.first) > 0;
    const start = reading.tokens[mark.first]?.start ?? 0;
    if (isEvidence) add(reading.text.slice(start, reading.tokens[mark.last]?.end ?? start));
  }
  return [...topics.values()].slice(0, program.taxonomy.file.extracts.topics.most);
}

/** The sentences that are evidence for most labels, in the order of the text. */
function summarise(reading: Reading, fields: readonly FieldResult[], most: number): string | null {
  const scores = new Map<number, number>();
  for (const field of fields) {
    for (const { start } of field.evidence) {
      const index = sentenceOf(reading, start);
      scores.set(index, (scores.get(index) ?? 0) + field.confidence);
    }
  }
  for (const mark of reading.marks.get('summary') ?? []) {
    const index = reading.tokens[mark.first]?.sentence ?? 0;
    scores.set(index, (scores.get(index) ?? 0) + mark.action.weight);
  }
  const best = [...scores]
    .filter(([index]) => isQuotable(reading.sentences[index]))
    .sort((a, b) => b[1] - a[1] || a[0] - b[0])
    .slice(0, most)
    .map(([index]) => index)
    .sort((a, b) => a - b);
  if (best.length === 0) return null;
  return best
    .flatMap((index) => reading.sentences[index] ?? [])
    .map((each) => sentenceText(reading, each))
    .join(' ');
}

function isQuotable(sentence: Sentence | undefined): boolean {
  return sentence !== undefined && sentence.trustPercent > 0 && sentence.last - sentence.first + 1 >= minSummaryWords;
}

/** Binary search: index of the last sentence that starts at or before an offset. */
function sentenceOf({ tokens, sentences }: Reading, offset: number): number {
  let low = 0;
  let high = sentences.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((tokens[sentences[middle]?.first ?? 0]?.start ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}
