/** Groups tokens into sentences, and finds the questions among them. */
import type { Token } from './tokens.ts';

export interface Sentence {
  readonly first: number;
  /** Index of the last token. */
  last: number;
  isQuestion: boolean;
  /** 100: full evidence, below: less, 0: none, -100: denied. An integer, because V8 stores mixed fields more slowly. */
  trustPercent: number;
  /** Index of its turn, or -1. */
  turn: number;
}

/** Numbers the sentences in their tokens; `brk` must be final. */
export function findSentences(text: string, tokens: readonly Token[]): Sentence[] {
  const sentences: Sentence[] = [];
  let current: Sentence | undefined;
  for (let index = 0; index < tokens.length; index += 1) {
    const token = tokens[index];
    if (token === undefined) break;
    if (token.brk === 'sentence' || current === undefined) {
      if (current !== undefined) current.isQuestion = isQuestion(text, tokens, index - 1, token.start);
      current = { first: index, last: index, isQuestion: false, trustPercent: 100, turn: -1 };
      sentences.push(current);
    } else {
      current.last = index;
    }
    token.sentence = sentences.length - 1;
  }
  if (current !== undefined) current.isQuestion = isQuestion(text, tokens, current.last, text.length);
  return sentences;
}

const questionMark = 0x3f;
/** How far behind its last word a question mark may be. */
const maxGapChars = 6;

function isQuestion(text: string, tokens: readonly Token[], last: number, limit: number): boolean {
  const end = tokens[last]?.end ?? limit;
  const stop = Math.min(limit, end + maxGapChars);
  for (let at = end; at < stop; at += 1) if (text.charCodeAt(at) === questionMark) return true;
  return false;
}
