/** Noun phrases next to a trigger, such as the words after "integrarse con". */
import { foldWord } from '../../../models/cue-pattern.ts';
import type { FileField } from '../../../models/taxonomy-file.ts';
import { emptyResult } from '../answer-rules.ts';
import type { Evidence, FieldResult } from '../classifier.ts';
import { type FieldHits, type Hit, type Reading, trustPercentAt } from './reading.ts';
import { isNegated, quote } from './weigh.ts';

export interface PhraseWords {
  readonly determiners: ReadonlySet<string>;
  readonly links: ReadonlySet<string>;
  readonly joints: ReadonlySet<string>;
  readonly stops: ReadonlySet<string>;
  readonly trimmed: ReadonlySet<string>;
}

interface Span {
  readonly first: number;
  readonly last: number;
}

const maxPhraseWords = 7;
const maxPhrasesPerTrigger = 5;
const maxClauseWords = 24;
const statedConfidence = 0.8;
const backReachWords = 25;

/** Every phrase found, in lower case and text order; null if there is none. */
export function decidePhrases(
  field: FileField,
  { others: hits }: FieldHits,
  reading: Reading,
  words: PhraseWords,
): FieldResult {
  const rule = field.phrases;
  if (rule === undefined) return emptyResult;
  const heads = Object.keys(rule.heads).length === 0 ? null : hits.filter((hit) => hit.action.role === 'head');
  const spans: Span[] = [];
  for (const hit of hits) {
    if (hit.action.role !== 'after' && hit.action.role !== 'before') continue;
    const trust = trustPercentAt(reading, hit.first);
    if (trust <= 0 || (!hit.action.isFirm && isNegated(reading, hit))) continue;
    if (rule.whole) spans.push(...restOfClause(hit, reading));
    else if (hit.action.role === 'after') spans.push(...phrasesAfter(hit.last + 1, heads, reading, words));
    else spans.push(...phraseBefore(hit, heads, reading, words));
  }
  const found = new Map<string, Evidence>();
  for (const span of spans) {
    const evidence = quote(reading, span.first, span.last);
    const key = evidence.quote.toLowerCase();
    if (!found.has(key) && found.size < rule.most) found.set(key, evidence);
  }
  if (found.size === 0) return emptyResult;
  return { value: [...found.keys()], confidence: statedConfidence, evidence: [...found.values()] };
}

/** "con nuestro CRM y con el sistema de citas" has two phrases. */
function phrasesAfter(from: number, heads: readonly Hit[] | null, reading: Reading, words: PhraseWords): Span[] {
  const spans: Span[] = [];
  let at = from;
  while (spans.length < maxPhrasesPerTrigger) {
    const span = readPhrase(at, reading, words);
    if (span === null) break;
    const isNamed = heads === null || heads.some((hit) => hit.first <= span.last && hit.last >= span.first);
    if (isNamed) spans.push(trimPhrase(span, reading, words));
    else if (spans.length > 0) break;
    const next = reading.tokens[span.last + 1];
    if (next === undefined || next.brk === 'sentence') break;
    if (next.brk !== 'clause' && !words.joints.has(next.word.folded)) break;
    at = span.last + 1;
    while (
      words.joints.has(reading.tokens[at]?.word.folded ?? '') ||
      words.links.has(reading.tokens[at]?.word.folded ?? '')
    )
      at += 1;
  }
  return spans;
}

function readPhrase(from: number, reading: Reading, words: PhraseWords): Span | null {
  const { tokens } = reading;
  const sentence = tokens[from - 1]?.sentence;
  let first = from;
  while (words.determiners.has(tokens[first]?.word.folded ?? '')) first += 1;
  let last = first - 1;
  for (let at = first; at < first + maxPhraseWords; at += 1) {
    const token = tokens[at];
    if (token === undefined || token.sentence !== sentence) break;
    if (at > first && token.brk !== 'none') break;
    const { folded } = token.word;
    if (words.stops.has(folded) || words.joints.has(folded)) break;
    last = at;
  }
  while (
    last >= first &&
    (words.links.has(tokens[last]?.word.folded ?? '') || words.determiners.has(tokens[last]?.word.folded ?? ''))
  )
    last -= 1;
  return last < first ? null : { first, last };
}

/** Drops adjectives at the end: "plataformas de reservas actuales" becomes "plataformas de reservas". Two words stay as they are. */
function trimPhrase(span: Span, reading: Reading, words: PhraseWords): Span {
  let { last } = span;
  while (last - span.first >= 2 && words.trimmed.has(reading.tokens[last]?.word.folded ?? '')) last -= 1;
  return { first: span.first, last };
}

/** "Usamos Salesforce y nos gustaría integrarlo": the phrase precedes the trigger. */
function phraseBefore(hit: Hit, heads: readonly Hit[] | null, reading: Reading, words: PhraseWords): Span[] {
  const sentence = reading.tokens[hit.first]?.sentence ?? 0;
  const head = heads?.findLast((each) => {
    const own = reading.tokens[each.first]?.sentence ?? 0;
    return each.last < hit.first && hit.first - each.last <= backReachWords && sentence - own <= 1;
  });
  if (head === undefined) return [];
  const span = readPhrase(head.first, reading, words);
  return span === null
    ? []
    : [trimPhrase({ first: head.first, last: Math.min(span.last, hit.first - 1) }, reading, words)];
}

function restOfClause(hit: Hit, reading: Reading): Span[] {
  const { tokens } = reading;
  let last = hit.last;
  while (last + 1 < tokens.length && tokens[last + 1]?.brk === 'none' && last - hit.first < maxClauseWords) last += 1;
  return last > hit.last ? [{ first: hit.first, last }] : [];
}

/** The word classes of a taxonomy, by these names, that decide where phrases start and end. */
export function readPhraseWords(classes: Readonly<Record<string, readonly string[]>>): PhraseWords {
  const fold = (name: string): Set<string> => new Set((classes[name] ?? []).map((word) => foldWord(word)));
  return {
    determiners: fold('determiners'),
    links: fold('links'),
    joints: fold('joints'),
    stops: fold('stops'),
    trimmed: fold('trimmed'),
  };
}
