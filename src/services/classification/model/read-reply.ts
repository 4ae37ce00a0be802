/** Parses a model's reply into claims: values of the taxonomy with their quotes. Accepts any text and never throws. */
import type { Taxonomy } from '../../../models/taxonomy.ts';
import type { FileField } from '../../../models/taxonomy-file.ts';
import type { Quantity } from '../classifier.ts';
import { foldWords } from './fold.ts';
import { isObject, parseJson } from './providers/json-value.ts';

/** One value for a field; a list has several. */
export interface Claim {
  readonly value: string | boolean | Quantity;
  readonly quotes: readonly string[];
}

export interface FieldClaims {
  readonly claims: readonly Claim[];
  /** 0 to 1 */
  readonly confidence: number;
  /** The first value that is not in the taxonomy, shortened. */
  readonly raw?: string;
}

export interface ReadReply {
  /** By field id. */
  readonly fields: Readonly<Record<string, FieldClaims>>;
  readonly keyTopics: readonly string[];
  readonly actionItems: readonly string[];
  readonly nextSteps: string | null;
  readonly summary: string | null;
  /** What is wrong with the reply, written for the model. They may contain its text, so never log or show them. */
  readonly faults: readonly string[];
}

const maxFaults = 20;
const maxQuotes = 5;
const maxItems = 20;
const defaultConfidence = 0.7;
const bounds = { topic: 80, action: 300, text: 1_000, phrase: 120 };

/** undefined: the text contains no JSON object with a field of the taxonomy. */
export type ReplyReader = (text: string) => ReadReply | undefined;

/** Collects the names of the taxonomy's values once. */
export function createReplyReader({ file }: Taxonomy): ReplyReader {
  const periods = Object.keys(file.grammar.periods);
  const known = file.fields.map((field) => ({ field, idByName: nameValues(field), periods }));
  return (text) => read(text, known);
}

interface KnownField {
  readonly field: FileField;
  /** Ids, labels and synonyms, folded. */
  readonly idByName: ReadonlyMap<string, string>;
  readonly periods: readonly string[];
}

function nameValues({ values }: FileField): ReadonlyMap<string, string> {
  const names = values.flatMap(({ id, labels, synonyms }) =>
    [id, labels.es, labels.en, ...synonyms].map((name) => [foldId(name), id] as const),
  );
  // If two values share a name, the first one gets it: the last entry of a Map wins.
  return new Map(names.reverse());
}

function read(text: string, known: readonly KnownField[]): ReadReply | undefined {
  const reply = findObject(text);
  if (reply === undefined) return undefined;
  const fieldsGiven = objectOf(reply.fields);
  const given = fieldsGiven ?? reply;
  // A model that finds nothing may leave out all fields.
  if (fieldsGiven === undefined && !known.some(({ field }) => Object.hasOwn(given, field.id))) return undefined;
  const faults: string[] = [];
  const fields = known.map((each) => {
    const { id } = each.field;
    let raw: string | undefined;
    const addFault: AddFault = (fault, given) => {
      faults.push(`fields.${id}: ${fault}`);
      if (given !== undefined) raw ??= describe(given);
    };
    const claims = readField(each, Object.hasOwn(given, id) ? given[id] : undefined, addFault);
    return [id, raw === undefined ? claims : { ...claims, raw }];
  });
  return {
    fields: Object.fromEntries(fields),
    keyTopics: readTexts(reply.key_topics, 8, bounds.topic),
    actionItems: readTexts(reply.action_items, 5, bounds.action),
    nextSteps: readText(reply.next_steps, bounds.text),
    summary: readText(reply.summary, bounds.text),
    faults: faults.slice(0, maxFaults),
  };
}

/** Ends of a model's reasoning; some servers send them without the beginning. gpt-oss: its channel marks · Mistral: [/THINK] */
const reasoningEnd =
  /^[\s\S]*(?:<\/(?:think|thinking|thought|reasoning|reflection)>|\[\/THINK\]|<\|channel\|>final<\|message\|>)/i;
const fence = /```(?:\w+)?\s*([\s\S]*?)```/g;
/** Braces in reasoning or prose that are tried as the beginning of the object. */
const maxBraces = 50;

/** The JSON object in a text: bare, after the model's reasoning, in a code fence or within prose. The last one counts. */
function findObject(text: string): Record<string, unknown> | undefined {
  for (const candidate of candidatesIn(text)) {
    const value = candidate.trim() === '' ? undefined : parseJson(candidate);
    const found = objectOf(value);
    if (found !== undefined) return found;
  }
  return undefined;
}

function* candidatesIn(text: string): Generator<string> {
  yield text.replace(/^\ufeff/, '');
  const said = text.replace(reasoningEnd, '');
  yield said;
  for (const [, fenced = ''] of [...said.matchAll(fence)].reverse()) yield fenced;
  const stop = said.lastIndexOf('}') + 1;
  let start = said.indexOf('{');
  for (let tries = 0; start !== -1 && start < stop && tries < maxBraces; tries += 1) {
    yield said.slice(start, stop);
    start = said.indexOf('{', start + 1);
  }
}

/** An object, also if it is encoded as a JSON string, as some models do in tool calls. */
function objectOf(value: unknown): Record<string, unknown> | undefined {
  const read = typeof value === 'string' && /^\s*\{/.test(value) ? parseJson(value) : value;
  return isObject(read) ? read : undefined;
}

/** `raw`: the value given, if it is not in the taxonomy. */
type AddFault = (fault: string, raw?: unknown) => void;

function readField(known: KnownField, given: unknown, addFault: AddFault): FieldClaims {
  const { field } = known;
  const object = objectOf(given);
  const holder = object !== undefined && ('value' in object || 'items' in object) ? object : undefined;
  const confidence = readConfidence(holder?.confidence);
  const isMany = field.type === 'list' || field.type === 'phrases';
  const raw = holder === undefined ? given : isMany ? (holder.items ?? holder.value) : holder.value;
  if (isMany) {
    if (raw !== undefined && raw !== null && !Array.isArray(raw)) addFault('items must be a list.');
    const items = Array.isArray(raw) ? raw.slice(0, maxItems) : [];
    return { claims: items.flatMap((item) => readItem(known, item, addFault)), confidence };
  }
  const value = readValue(known, raw, addFault);
  return { claims: value === null ? [] : [{ value, quotes: readTexts(holder?.quotes, maxQuotes) }], confidence };
}

function readItem(known: KnownField, item: unknown, addFault: AddFault): Claim[] {
  const holder = isObject(item) ? item : { value: item };
  const quotes = readTexts([holder.quote, ...(Array.isArray(holder.quotes) ? holder.quotes : [])], maxQuotes);
  const value = readValue(known, holder.value, addFault);
  return value === null ? [] : [{ value, quotes }];
}

function readValue(known: KnownField, raw: unknown, addFault: AddFault): Claim['value'] | null {
  const { field, periods } = known;
  if (raw === null || raw === undefined || raw === '') return null;
  switch (field.type) {
    case 'boolean':
      return readBoolean(field, raw, addFault);
    case 'quantity':
      return readQuantity(raw, periods, addFault);
    case 'phrases':
      if (typeof raw === 'string' && raw.length <= bounds.phrase) return raw.trim().toLowerCase() || null;
      addFault('a value must be a short text.');
      return null;
    default:
      return readId(known, raw, addFault);
  }
}

/** The id of a value, found by id, label or synonym. */
function readId({ field, idByName }: KnownField, raw: unknown, addFault: AddFault): string | null {
  if (typeof raw === 'string') {
    const found = idByName.get(foldId(raw));
    if (found !== undefined) return found;
    if (/^(?:null|none|n\/a|unknown)$/.test(foldWords(raw))) return null;
  }
  addFault(`${describe(raw)} is none of ${field.values.map(({ id }) => id).join(', ')} or null.`, raw);
  return null;
}

function foldId(name: string): string {
  return foldWords(name).replace(/[\s_-]+/g, ' ');
}

const booleans = new Map([
  ...['true', 'yes', 'si'].map((word) => [word, true] as const),
  ...['false', 'no'].map((word) => [word, false] as const),
]);

function readBoolean(field: FileField, raw: unknown, addFault: AddFault): boolean | null {
  const value = typeof raw === 'boolean' ? raw : typeof raw === 'string' ? booleans.get(foldWords(raw)) : undefined;
  if (value === undefined) {
    if (typeof raw !== 'string' || foldWords(raw) !== 'null')
      addFault(`${describe(raw)} is not true, false or null.`, raw);
    return null;
  }
  // A field that has only the value `true` is null otherwise.
  return field.values.length === 0 || field.values.some(({ id }) => id === String(value)) ? value : null;
}

function readQuantity(raw: unknown, periods: readonly string[], addFault: AddFault): Quantity | null {
  if (!isObject(raw)) {
    addFault(`${describe(raw)} is not an object with count, period and approx, or null.`, raw);
    return null;
  }
  const count = typeof raw.count === 'string' && raw.count.trim() !== '' ? Number(raw.count) : raw.count;
  const period = typeof raw.period === 'string' ? foldWords(raw.period) : '';
  if (typeof count !== 'number' || !Number.isFinite(count) || count < 0 || count > 1e12) {
    addFault(`count: ${describe(raw.count)} is not a number from 0 on.`, raw);
    return null;
  }
  if (!periods.includes(period)) {
    addFault(`period: ${describe(raw.period)} is none of ${periods.join(', ')}.`, raw);
    return null;
  }
  return { count, period, approx: raw.approx === true };
}

function readConfidence(raw: unknown): number {
  const value = typeof raw === 'string' && raw.trim() !== '' ? Number(raw) : raw;
  if (typeof value !== 'number' || !Number.isFinite(value)) return defaultConfidence;
  return Math.min(1, Math.max(0, value > 1 && value <= 100 ? value / 100 : value));
}

function readTexts(raw: unknown, maxCount: number, maxChars = Number.POSITIVE_INFINITY): string[] {
  const list = Array.isArray(raw) ? raw : [raw];
  const found = list.flatMap((each) => readText(each, maxChars) ?? []);
  return [...new Set(found)].slice(0, maxCount);
}

function readText(raw: unknown, maxChars: number): string | null {
  if (typeof raw !== 'string' || raw.trim() === '') return null;
  const text = raw.trim();
  return text.length > maxChars ? `${text.slice(0, maxChars - 1)}…` : text;
}

function describe(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 80);
}
