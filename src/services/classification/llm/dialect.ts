/** How one provider's API is spoken to: what differs between them, and nothing that they have in common. */
import type { ChatMessage } from './prompt.ts';
import type { JsonSchema } from './reply-schema.ts';

export interface ChatQuestion {
  readonly messages: readonly ChatMessage[];
  readonly schema: JsonSchema;
  /** Letters, digits, dash and underscore, 64 at most. */
  readonly schemaName: string;
  readonly maxOutputTokens: number;
}

/** Tokens of one call; null: not told. */
export interface Usage {
  readonly inputTokens: number | null;
  /** Among the input tokens, those that the provider had kept and sells for less. */
  readonly cachedInputTokens: number | null;
  readonly outputTokens: number | null;
}

export interface Spoken extends Usage {
  readonly text: string;
  /** `refused`: by the model or a content filter · `cut`: it ran out of output tokens. */
  readonly end: 'whole' | 'cut' | 'refused';
  /** The model that answered, as it names itself; empty: not told. */
  readonly model: string;
}

export interface Dialect {
  /** Address of its API where LLM_BASE_URL is unset. */
  readonly baseUrl: string;
  /** Behind the address. */
  path(model: string): string;
  /** `apiKey` null: none, as a server of one's own may want. */
  headers(apiKey: string | null): Readonly<Record<string, string>>;
  /** Parts of a request that it can do without, where a server or model does not know them. */
  readonly dispensable: readonly string[];
  makeBody(question: ChatQuestion, model: string, unknown: ReadonlySet<string>): Readonly<Record<string, unknown>>;
  /** undefined: that is no reply of this API. */
  read(value: unknown): Spoken | undefined;
}

/** Without the parts that were refused before. */
export function without(
  parts: Readonly<Record<string, unknown>>,
  unknown: ReadonlySet<string>,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(parts).filter(([name]) => !unknown.has(name)));
}
