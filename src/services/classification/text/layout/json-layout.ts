/** Finds the utterances in the JSON of a recorder, as passages of the JSON text itself. */
import { isPlainText, type JsonNode, parseJsonNodes } from './json-nodes.ts';
import { type Layout, LayoutBuilder } from './layout.ts';
import { readClock } from './stamps.ts';

const textKeys = ['text', 'transcript', 'sentence', 'content', 'utterance', 'value', 'raw_text', 'body', 'words'];
const speakerKeys = [
  'speaker_name',
  'speakername',
  'speaker',
  'speaker_label',
  'speakerlabel',
  'speaker_id',
  'speakerid',
  'participant',
  'name',
  'user',
  'author',
  'from',
  'channel',
  'role',
];
const startKeys = [
  'start',
  'start_time',
  'starttime',
  'start_timestamp',
  'timestamp',
  'startms',
  'start_ms',
  'time',
  'offset',
  'begin',
];
const listKeys = ['sentences', 'elements', 'words', 'segments', 'utterances'];

interface Spoken {
  readonly speaker: string;
  readonly hint: string;
  readonly startMs: number | undefined;
  readonly passages: readonly { readonly from: number; readonly to: number }[];
}

/** null: not JSON, or none that holds utterances. */
export function findJsonLayout(text: string): Layout | null {
  const root = parseJsonNodes(text);
  if (root === null) return null;
  let best: { readonly spoken: readonly Spoken[]; readonly score: number } | undefined;
  for (const list of findLists(root)) {
    const spoken = list.flatMap((node) => readSpoken(node) ?? []);
    if (spoken.length === 0) continue;
    const chars = spoken.reduce(
      (sum, { passages }) => sum + passages.reduce((all, { from, to }) => all + to - from, 0),
      0,
    );
    const named = spoken.filter(({ speaker }) => speaker !== '').length;
    const words = chars / spoken.length;
    // Of equal text the list with speakers, and that of utterances before that of words.
    const score = chars * (named * 2 >= spoken.length ? 4 : 1) * (words < 12 && spoken.length > 3 ? 0.2 : 1);
    if (best === undefined || score > best.score) best = { spoken, score };
  }
  if (best === undefined) return wholeText(text, root);
  const builder = new LayoutBuilder();
  for (const { speaker, hint, startMs, passages } of best.spoken) {
    builder.begin({ speaker, hint, ...(startMs === undefined ? {} : { startMs }) });
    for (const each of passages) addWritten(builder, text, each);
  }
  return builder;
}

/** A document with one text, such as `{"text": "…"}`. */
function wholeText(text: string, root: JsonNode): Layout | null {
  const node = root.kind === 'object' ? pick(root, ['text', 'transcript', 'transcription', 'content']) : undefined;
  if (node?.kind !== 'string') return null;
  const builder = new LayoutBuilder();
  addWritten(builder, text, node);
  return builder;
}

/** Escaped line ends and tabs lie between passages. */
function addWritten(
  builder: LayoutBuilder,
  text: string,
  { from, to }: { readonly from: number; readonly to: number },
): void {
  let start = from;
  for (let at = text.indexOf('\\', from); at >= 0 && at < to; at = text.indexOf('\\', at + 2)) {
    if (!'nrt'.includes(text.charAt(at + 1))) continue;
    builder.add(start, at, false);
    start = at + 2;
  }
  builder.add(start, to, false);
}

function* findLists(node: JsonNode): Generator<readonly JsonNode[]> {
  if (node.kind === 'array') {
    if (node.items.some(({ kind }) => kind === 'object')) yield node.items;
    for (const item of node.items) yield* findLists(item);
  } else if (node.kind === 'object') for (const value of node.entries.values()) yield* findLists(value);
}

function pick(node: JsonNode, keys: readonly string[]): JsonNode | undefined {
  if (node.kind !== 'object') return undefined;
  for (const key of keys) {
    const found = node.entries.get(key);
    if (found !== undefined) return found;
  }
  return undefined;
}

function readSpoken(node: JsonNode): Spoken | undefined {
  const passages = passagesOf(node, 0);
  if (passages.length === 0) return undefined;
  const speaker = labelOf(pick(node, speakerKeys));
  const role = labelOf(pick(node, ['role', 'speaker_role', 'company', 'email']));
  const start = pick(node, startKeys);
  return {
    speaker,
    hint: role === speaker ? '' : role,
    startMs: start === undefined ? undefined : readStart(start),
    passages,
  };
}

function passagesOf(node: JsonNode, depth: number): { from: number; to: number }[] {
  if (node.kind !== 'object' || depth > 2) return [];
  const own = textKeys
    .map((key) => node.entries.get(key))
    .find((each) => each?.kind === 'string' && isPlainText(each.value));
  if (own?.kind === 'string') return [{ from: own.from, to: own.to }];
  for (const key of listKeys) {
    const list = node.entries.get(key);
    if (list?.kind === 'array') return list.items.flatMap((item) => passagesOf(item, depth + 1));
  }
  return [];
}

function labelOf(node: JsonNode | undefined): string {
  if (node?.kind === 'string') return node.value;
  if (node?.kind === 'number') return `Speaker ${node.value}`;
  if (node?.kind === 'object') return labelOf(pick(node, ['name', 'display_name', 'displayname', 'label', 'id']));
  return '';
}

/** Seconds have a point or are small; milliseconds are large whole numbers. */
function readStart(node: JsonNode): number | undefined {
  if (node.kind === 'string') return readClock(node.value);
  if (node.kind !== 'number') return undefined;
  return Number.isInteger(node.value) && node.value >= 1000 && !node.isDecimal
    ? node.value
    : Math.round(node.value * 1000);
}
