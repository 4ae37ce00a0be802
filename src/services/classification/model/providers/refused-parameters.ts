/** Which parameters a provider refuses, from its error's fields, then from known messages. Pure; never repeats text of the error. */
import { at, isObject, parseJson } from './json-value.ts';
import type { ProviderAnswer } from './provider-fault.ts';
import { embeddedIn, namesInMessage, withoutPrefixes } from './refusal-forms.ts';

export interface RefusedParameters {
  /** In snake case, cut at the first dot or bracket. */
  readonly names: readonly string[];
  /** Parameters to leave out of this request only; other requests keep them. */
  readonly once: readonly string[];
}

const nothing: RefusedParameters = { names: [], once: [] };
/** Gateways wrap errors in errors. */
const maxDepth = 5;
const limitNames = ['max_tokens', 'max_completion_tokens', 'max_output_tokens'];
const aboutLength =
  /context.?(?:length|window)|too long|too many tokens|reduce the length|inputs?\W{0,2}tokens|string_above_max/i;
const aboutContent =
  /content.{0,3}(?:filter|polic|management)|responsible.?ai|safety|moderation|flagged|invalid_prompt/i;
const aboutSize =
  /too large|above maximum|above_max|at most|less than or equal|less_than|exceeds?\b|maximum allowed|must be (?:less|between|<)/i;

/** The request would fit with a shorter answer: "(4904 in the messages, 4096 in the completion)". */
const aboutAnswerLength = /in the completion|of output|max_(completion_|output_)?tokens/i;
/** Groq: the model's answer does not follow the schema, or is no call of the tool. */
const malformed = /^(json_validate_failed|tool_use_failed)$/;
const formatNames = ['response_format', 'tools', 'tool_choice'];

/** For an error about length only the limit of the answer, if the error mentions it; nothing for an error about content. */
export function readRefusedParameters({ status, body }: ProviderAnswer): RefusedParameters {
  if (status !== 400 && status !== 422 && status !== 404) return nothing;
  const parsed = parseJson(body);
  const reports = unwrap(parsed === undefined ? body : parsed, 0);
  if (reports.some(isAbout(aboutContent))) return nothing;
  if (reports.some(isAbout(aboutLength))) {
    const isOfAnswer =
      status === 400 && reports.some(({ message }) => aboutAnswerLength.test(message?.slice(0, 300) ?? ''));
    return isOfAnswer ? { names: [], once: limitNames } : nothing;
  }
  if (reports.some(({ kinds }) => kinds.split(' ').some((kind) => malformed.test(kind)))) {
    return { names: [], once: formatNames };
  }
  // 404 means a missing model or address, except for one message of OpenRouter.
  if (status === 404) {
    const isOfParameters = reports.some(({ message }) => message?.startsWith('No endpoints found that'));
    return isOfParameters ? { names: reports.flatMap(namesOf).map(normalized), once: [] } : nothing;
  }
  const found = reports.flatMap((report) =>
    namesOf(report).map((name) => ({ name: normalized(name), isTooLarge: isTooLarge(report) })),
  );
  const isLimit = (name: string) => limitNames.includes(name);
  return {
    names: [...new Set(found.flatMap(({ name, isTooLarge }) => (isTooLarge && isLimit(name) ? [] : [name])))],
    once: [...new Set(found.flatMap(({ name, isTooLarge }) => (isTooLarge && isLimit(name) ? [name] : [])))],
  };
}

/** One of several nested errors. */
interface Report {
  readonly param?: string;
  /** Its `code`, `type` and `status`. */
  readonly kinds: string;
  readonly message?: string;
}

function unwrap(value: unknown, depth: number): readonly Report[] {
  if (depth > maxDepth) return [];
  if (typeof value === 'string') return unwrapText(value, depth);
  if (Array.isArray(value)) return unwrapList(value, depth);
  if (!isObject(value)) return [];
  const { error, message, detail, details, fieldViolations } = value;
  if (isObject(error) || Array.isArray(error)) return unwrap(error, depth + 1);
  const text = [message, error, value.description].find((each) => typeof each === 'string');
  const embedded = text === undefined ? undefined : embeddedIn(text);
  const own = embedded === undefined && text !== undefined ? { message: withoutPrefixes(text) } : {};
  const inner = [
    embedded,
    isObject(message) || Array.isArray(message) ? message : undefined,
    at(value, 'metadata', 'raw'),
  ];
  return [
    { ...reportOf(value), ...own },
    ...[...inner, detail, details, fieldViolations].flatMap((each) => unwrap(each, depth + 1)),
  ];
}

function unwrapText(text: string, depth: number): readonly Report[] {
  const embedded = embeddedIn(text);
  return embedded === undefined ? [{ kinds: '', message: withoutPrefixes(text) }] : unwrap(embedded, depth + 1);
}

/** A list of errors: Google's OpenAI endpoint sends one, FastAPI one for each field: {type, loc: ["body", name], msg, input}. Ignores `input`, which repeats the request. */
function unwrapList(list: readonly unknown[], depth: number): readonly Report[] {
  return list.slice(0, 20).flatMap((item) => {
    const loc = at(item, 'loc');
    if (!Array.isArray(loc)) return unwrap(item, depth + 1);
    const param = loc[0] === 'body' ? loc[1] : loc[0];
    return typeof param === 'string' ? [{ param, kinds: textOf(at(item, 'type')) }] : [];
  });
}

function reportOf({ param, field, code, type, status }: Record<string, unknown>): Report {
  // Google gives the field, or the object that contains it.
  const named = typeof param === 'string' ? param : textOf(field).replace(/^generation_?config\.?/i, '');
  return { ...(named === '' ? {} : { param: named }), kinds: [code, type, status].map(textOf).join(' ') };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function namesOf({ param, message }: Report): readonly string[] {
  if (param === 'messages[0].role') return ['system_role'];
  // Some providers put a sentence in this field.
  if (param !== undefined && /^[A-Za-z_][\w.[\]]*$/.test(param)) return [param];
  return message === undefined ? [] : namesInMessage(message);
}

function isAbout(words: RegExp): (report: Report) => boolean {
  return ({ kinds, message = '' }) => words.test(kinds) || words.test(message);
}

function isTooLarge({ kinds, message = '' }: Report): boolean {
  return aboutSize.test(kinds) || aboutSize.test(message);
}

function normalized(name: string): string {
  const first = name.split(/[.[]/)[0] ?? '';
  return first.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
