/** Reads what a model wrote into claims: values of the taxonomy with the quotes said to prove them. Any text in, never a throw. */
import type { Taxonomy } from '../../../models/taxonomy.ts';
import type { FileField } from '../../../models/taxonomy-file.ts';
import type { Quantity } from '../classifier.ts';
import { foldWords } from './fold.ts';
import { isObject, parseJson } from './providers/json-value.ts';

/** One value that a model gave for a field; a list has several. */
export interface Claim {
  readonly value: string | boolean | Quantity;
  readonly quotes: readonly string[];
}

export interface FieldClaims {
  readonly claims: readonly Claim[];
  /** 0 to 1 */
  readonly confidence: number;
  /** The first value given that the taxonomy does not know, shortened. */
  readonly raw?: string;
}

export interface ReadReply {
  /** By field id. */
  readonly fields: Readonly<Record<string, FieldClaims>>;
  readonly keyTopics: readonly string[];
  readonly actionItems: readonly string[];
  readonly nextSteps: string | null;
  readonly summary: string | null;
  /** What is wrong with it, in words for the model; they may hold its own words and are for nobody else. */
  readonly faults: readonly string[];
}

const mostFaults = 20;
const mostQuotes = 5;
const mostItems = 20;
const defaultConfidence = 0.7;
const bounds = { topic: 80, action: 300, text: 1_000, phrase: 120 };

/** undefined: no JSON object with a field of the taxonomy can be found in it. */
export type ReplyReader = (text: string) => ReadReply | undefined;

/** Looks up once what a taxonomy's values are called. */
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
  // Of two values that share a name the first has it.
  return new Map(names.reverse());
}

function read(text: string, known: readonly KnownField[]): ReadReply | undefined {
  const reply = findObject(text);
  if (reply === undefined) return undefined;
  const given = objectOf(reply.fields) ?? reply;
  if (!known.some(({ field }) => Object.hasOwn(given, field.id))) return undefined;
  const faults: string[] = [];
  const fields = known.map((each) => {
    const { id } = each.field;
    let raw: string | undefined;
    const tell: Tell = (fault, given) => {
      faults.push(`fields.${id}: ${fault}`);
      if (given !== undefined) raw ??= describe(given);
    };
    const claims = readField(each, Object.hasOwn(given, id) ? given[id] : undefined, tell);
    return [id, raw === undefined ? claims : { ...claims, raw }];
  });
  return {
    fields: Object.fromEntries(fields),
    keyTopics: readTexts(reply.key_topics, 8, bounds.topic),
    actionItems: readTexts(reply.action_items, 5, bounds.action),
    nextSteps: readText(reply.next_steps, bounds.text),
    summary: readText(reply.summary, bounds.text),
    faults: faults.slice(0, mostFaults),
  };
}

/** The object in a text, bare, behind what a model thought aloud, in a code fence or amid prose. */
function findObject(text: string): Record<string, unknown> | undefined {
  // Some servers send the end of the thought without its beginning.
  const said = text.replace(/^[\s\S]*<\/think(?:ing)?>/i, '');
  const fenced = /```(?:json)?\s*([\s\S]*?)```/i.exec(said)?.[1];
  const braced = said.slice(said.indexOf('{'), said.lastIndexOf('}') + 1);
  for (const candidate of [text.replace(/^\ufeff/, ''), said, fenced, braced]) {
    const value = candidate === undefined || candidate.trim() === '' ? undefined : parseJson(candidate);
    const found = objectOf(value);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** An object, also where it was written as a text of JSON, as models do that call a tool badly. */
function objectOf(value: unknown): Record<string, unknown> | undefined {
  const read = typeof value === 'string' && /^\s*\{/.test(value) ? parseJson(value) : value;
  return isObject(read) ? read : undefined;
}

/** `raw`: what was given in place of a value of the taxonomy. */
type Tell = (fault: string, raw?: unknown) => void;

function readField(known: KnownField, given: unknown, tell: Tell): FieldClaims {
  const { field } = known;
  if (given === undefined) tell('it is missing.');
  const object = objectOf(given);
  const holder = object !== undefined && ('value' in object || 'items' in object) ? object : undefined;
  const confidence = readConfidence(holder?.confidence);
  const isMany = field.type === 'list' || field.type === 'phrases';
  const raw = holder === undefined ? given : isMany ? (holder.items ?? holder.value) : holder.value;
  if (isMany) {
    if (raw !== undefined && raw !== null && !Array.isArray(raw)) tell('items must be a list.');
    const items = Array.isArray(raw) ? raw.slice(0, mostItems) : [];
    return { claims: items.flatMap((item) => readItem(known, item, tell)), confidence };
  }
  const value = readValue(known, raw, tell);
  return { claims: value === null ? [] : [{ value, quotes: readTexts(holder?.quotes, mostQuotes) }], confidence };
}

function readItem(known: KnownField, item: unknown, tell: Tell): Claim[] {
  const holder = isObject(item) ? item : { value: item };
  const quotes = readTexts([holder.quote, ...(Array.isArray(holder.quotes) ? holder.quotes : [])], mostQuotes);
  const value = readValue(known, holder.value, tell);
  return value === null ? [] : [{ value, quotes }];
}

function readValue(known: KnownField, raw: unknown, tell: Tell): Claim['value'] | null {
  const { field, periods } = known;
  if (raw === null || raw === undefined || raw === '') return null;
  switch (field.type) {
    case 'boolean':
      return readBoolean(field, raw, tell);
    case 'quantity':
      return readQuantity(raw, periods, tell);
    case 'phrases':
      if (typeof raw === 'string' && raw.length <= bounds.phrase) return raw.trim().toLowerCase() || null;
      tell('a value must be a short text.');
      return null;
    default:
      return readId(known, raw, tell);
  }
}

/** The id that a value has in the taxonomy, by its labels and synonyms too. */
function readId({ field, idByName }: KnownField, raw: unknown, tell: Tell): string | null {
  if (typeof raw === 'string') {
    const found = idByName.get(foldId(raw));
    if (found !== undefined) return found;
    if (/^(?:null|none|n\/a|unknown)$/.test(foldWords(raw))) return null;
  }
  tell(`${describe(raw)} is none of ${field.values.map(({ id }) => id).join(', ')} or null.`, raw);
  return null;
}

function foldId(name: string): string {
  return foldWords(name).replace(/[\s_-]+/g, ' ');
}

const booleans = new Map([
  ...['true', 'yes', 'si'].map((word) => [word, true] as const),
  ...['false', 'no'].map((word) => [word, false] as const),
]);

function readBoolean(field: FileField, raw: unknown, tell: Tell): boolean | null {
  const value = typeof raw === 'boolean' ? raw : typeof raw === 'string' ? booleans.get(foldWords(raw)) : undefined;
  if (value === undefined) {
    if (typeof raw !== 'string' || foldWords(raw) !== 'null') tell(`${describe(raw)} is not true, false or null.`, raw);
    return null;
  }
  // A field that knows `true` alone has nothing to say where it is not so.
  return field.values.length === 0 || field.values.some(({ id }) => id === String(value)) ? value : null;
}

function readQuantity(raw: unknown, periods: readonly string[], tell: Tell): Quantity | null {
  if (!isObject(raw)) {
    tell(`${describe(raw)} is not an object with count, period and approx, or null.`, raw);
    return null;
  }
  const count = typeof raw.count === 'string' && raw.count.trim() !== '' ? Number(raw.count) : raw.count;
  const period = typeof raw.period === 'string' ? foldWords(raw.period) : '';
  if (typeof count !== 'number' || !Number.isFinite(count) || count < 0 || count > 1e12) {
    tell(`count: ${describe(raw.count)} is not a number from 0 on.`, raw);
    return null;
  }
  if (!periods.includes(period)) {
    tell(`period: ${describe(raw.period)} is none of ${periods.join(', ')}.`, raw);
    return null;
  }
  return { count, period, approx: raw.approx === true };
}

function readConfidence(raw: unknown): number {
  const value = typeof raw === 'string' && raw.trim() !== '' ? Number(raw) : raw;
  if (typeof value !== 'number' || !Number.isFinite(value)) return defaultConfidence;
  return Math.min(1, Math.max(0, value > 1 && value <= 100 ? value / 100 : value));
}

function readTexts(raw: unknown, most: number, maxChars = Number.POSITIVE_INFINITY): string[] {
  const list = Array.isArray(raw) ? raw : [raw];
  const found = list.flatMap((each) => readText(each, maxChars) ?? []);
  return [...new Set(found)].slice(0, most);
}

function readText(raw: unknown, maxChars: number): string | null {
  if (typeof raw !== 'string' || raw.trim() === '') return null;
  const text = raw.trim();
  return text.length > maxChars ? `${text.slice(0, maxChars - 1)}…` : text;
}

function describe(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 80);
}
