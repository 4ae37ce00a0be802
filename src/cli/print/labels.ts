/** Labels with their quotes, and a transcript with the quotes marked, as text for people. */
import type { Evidence } from '../../services/classification/classifier.ts';
import { describeValue, type Label } from '../../services/reporting/meeting-labels.ts';
import type { Cli } from '../kit/cli.ts';

const maxQuotes = 3;

/** One row for each label that has a value; on a terminal, those without one share a line. */
export function describeLabels(cli: Cli, labels: readonly Label[]): string {
  const isSaid = (label: Label) => describeValue(label.value) !== null || label.isCorrected;
  const shown = cli.isTerminal ? labels.filter(isSaid) : labels;
  const table = cli.table(['label', 'value', 'confidence', 'quote'], shown.map(rowOf));
  const silent = labels.filter((label) => !shown.includes(label)).map(({ field }) => field);
  const rest =
    silent.length === 0 ? '' : `\n${cli.style('dim', cli.prose(`the text does not say: ${silent.join(', ')}`))}`;
  return table + rest;
}

function rowOf({ field, value, confidence, evidence, isCorrected, answered }: Label): (string | null)[] {
  const quotes = evidence.slice(0, maxQuotes).map(({ quote }) => `“${quote}”`);
  const more = evidence.length > maxQuotes ? ` and ${evidence.length - maxQuotes} more` : '';
  const quoted = quotes.length === 0 ? null : quotes.join(' ') + more;
  const [said, had] = [describeValue(value), describeValue(answered)];
  const word = said === had ? 'confirmed by a person' : `corrected by a person, was ${had ?? 'null'}`;
  return [field, said, said === null ? null : (confidence?.toFixed(2) ?? null), isCorrected ? word : quoted];
}

export interface ExtractedTexts {
  readonly key_topics: readonly string[];
  readonly action_items: readonly string[];
  readonly next_steps: string | null;
  readonly summary: string | null;
}

/** What was taken from the transcript's own sentences; empty where nothing was. */
export function describeTexts(cli: Cli, { summary, key_topics, action_items, next_steps }: ExtractedTexts): string {
  const parts: [string, readonly string[]][] = [
    ['summary', summary === null ? [] : [summary]],
    ['key topics', key_topics.length === 0 ? [] : [key_topics.join(', ')]],
    ['action items', action_items],
    ['next steps', next_steps === null ? [] : [next_steps]],
  ];
  return parts
    .filter(([, lines]) => lines.length > 0)
    .map(([name, lines]) => [cli.style('bold', name), ...lines.map((line) => cli.prose(`  ${plain(line)}`))].join('\n'))
    .join('\n');
}

/** The transcript, its quoted passages in colour where there is one. */
export function markQuotes(cli: Cli, transcript: string, labels: readonly Label[]): string {
  const passages = joinPassages(labels.flatMap(({ evidence }) => evidence).filter(isThere(transcript)));
  let at = 0;
  let text = '';
  for (const { start, end } of passages) {
    text += plain(transcript.slice(at, start)) + cli.style('yellow', plain(transcript.slice(start, end)));
    at = end;
  }
  return cli.prose(text + plain(transcript.slice(at)));
}

/** A transcript that was edited since has another text there. */
function isThere(transcript: string) {
  return ({ quote, start, end }: Evidence) => transcript.slice(start, end) === quote;
}

function joinPassages(evidence: readonly Evidence[]): readonly { start: number; end: number }[] {
  const joined: { start: number; end: number }[] = [];
  for (const { start, end } of [...evidence].sort((a, b) => a.start - b.start)) {
    const last = joined.at(-1);
    if (last !== undefined && start <= last.end) last.end = Math.max(last.end, end);
    else joined.push({ start, end });
  }
  return joined;
}

/** A transcript may hold terminal escapes; line ends and tabs stay. */
function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is taken out
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]+/g, ' ');
}
