/** What differs between the providers' APIs: addresses, headers, request and reply. */
import type { ChatMessage } from '../prompt.ts';
import type { JsonSchema } from '../reply-schema.ts';

export interface ChatQuestion {
  readonly messages: readonly ChatMessage[];
  readonly schema: JsonSchema;
  /** The schema in words; for a request that does not carry the schema. */
  readonly shape: string;
  /** Letters, digits, dash and underscore; at most 64. */
  readonly schemaName: string;
  readonly maxOutputTokens: number;
}

/** Tokens of one call; null: not reported. */
export interface Usage {
  /** All of them, also those read from the provider's cache and written to it. */
  readonly inputTokens: number | null;
  /** Input tokens from the provider's cache, which cost less. */
  readonly cachedInputTokens: number | null;
  /** Input tokens written to the provider's cache, which may cost more. */
  readonly cacheWriteTokens?: number | null;
  /** Reasoning included. */
  readonly outputTokens: number | null;
  /** US dollars that the provider says it charges for the call. */
  readonly chargedUsd?: number | null;
}

/**
 * `refused`: by the model or a content filter · `cut`: it ran out of output tokens · `full`: prompt and answer together fill the model's
 * context · `failed`: the provider reports that the model stopped with an error.
 */
export type ReplyEnd = 'whole' | 'cut' | 'refused' | 'full' | 'failed';

export interface DialectReply extends Usage {
  readonly text: string;
  readonly end: ReplyEnd;
  /** The model's own name for itself; empty: not reported. */
  readonly model: string;
}

/** A piece of a request that a server or model may refuse. */
export interface Part {
  /** Stable: stored in Redis, logged, and shown by `vambe doctor`. */
  readonly name: string;
  /** Parameters, in snake case, that an error mentions when it refuses this part. */
  readonly parameters: readonly string[];
  /** True: it carries the schema. */
  readonly hasSchema?: boolean;
  /** Its entries in the request. */
  write(question: ChatQuestion): Readonly<Record<string, unknown>>;
}

export interface Dialect {
  /** The API's address if LLM_BASE_URL is unset. */
  readonly baseUrl: string;
  /** Appended to the address. */
  path(model: string): string;
  /** `apiKey` null: no key, for a self-hosted server. */
  headers(apiKey: string | null): Readonly<Record<string, string>>;
  /** Optional parts: of each list, the first part that the model does not refuse is sent. */
  readonly ladders: readonly (readonly Part[])[];
  /** @param parts the optional parts to send */
  makeBody(question: ChatQuestion, model: string, parts: readonly Part[]): Readonly<Record<string, unknown>>;
  /** undefined: not a reply of this API. */
  read(value: unknown): DialectReply | undefined;
}

/** The parts to send to a model that refused the parts of these names. */
export function partsToSend({ ladders }: Pick<Dialect, 'ladders'>, refused: ReadonlySet<string>): readonly Part[] {
  return ladders.flatMap((ladder) => ladder.find(({ name }) => !refused.has(name)) ?? []);
}

/** The entries of all parts in a request. */
export function writeParts(parts: readonly Part[], question: ChatQuestion): Readonly<Record<string, unknown>> {
  return Object.assign({}, ...parts.map((part) => part.write(question)));
}

/** Of the tool whose input is the answer. */
export const toolDescription = 'Takes the labels of the transcript.';

export const temperaturePart: Part = {
  name: 'temperature',
  parameters: ['temperature'],
  write: () => ({ temperature: 0 }),
};

/** If it is refused, the instructions become the first user message. */
export const systemPart: Part = {
  name: 'system role',
  parameters: ['system_role', 'system_instruction'],
  write: () => ({}),
};

export function hasSystemRole(parts: readonly Part[]): boolean {
  return parts.includes(systemPart);
}
