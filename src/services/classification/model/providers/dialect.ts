/** How one provider's API is spoken to: what differs between them, and nothing that they have in common. */
import type { ChatMessage } from '../prompt.ts';
import type { JsonSchema } from '../reply-schema.ts';

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

/** A piece of a request that a server or model may refuse. */
export interface Part {
  /** Stable: it is kept in Redis, logged and shown by `vambe doctor`. */
  readonly name: string;
  /** Parameters, in snake case, that an error names when it refuses this part. */
  readonly parameters: readonly string[];
  /** Its entries in the request. */
  write(question: ChatQuestion): Readonly<Record<string, unknown>>;
}

export interface Dialect {
  /** Address of its API where LLM_BASE_URL is unset. */
  readonly baseUrl: string;
  /** Behind the address. */
  path(model: string): string;
  /** `apiKey` null: none, as a server of one's own may want. */
  headers(apiKey: string | null): Readonly<Record<string, string>>;
  /** What a request can do without: of each list, the first part that was not refused is sent. */
  readonly ladders: readonly (readonly Part[])[];
  /** @param parts those that this request carries */
  makeBody(question: ChatQuestion, model: string, parts: readonly Part[]): Readonly<Record<string, unknown>>;
  /** undefined: that is no reply of this API. */
  read(value: unknown): Spoken | undefined;
}

/** The parts of a request to a model that refused these names. */
export function partsToSend({ ladders }: Pick<Dialect, 'ladders'>, refused: ReadonlySet<string>): readonly Part[] {
  return ladders.flatMap((ladder) => ladder.find(({ name }) => !refused.has(name)) ?? []);
}

/** What the parts put into a request. */
export function writeParts(parts: readonly Part[], question: ChatQuestion): Readonly<Record<string, unknown>> {
  return Object.assign({}, ...parts.map((part) => part.write(question)));
}

export const temperaturePart: Part = {
  name: 'temperature',
  parameters: ['temperature'],
  write: () => ({ temperature: 0 }),
};

/** Where it is refused, the instructions are the first message of the user. */
export const systemPart: Part = {
  name: 'system role',
  parameters: ['system_role', 'system_instruction'],
  write: () => ({}),
};

export function hasSystemRole(parts: readonly Part[]): boolean {
  return parts.includes(systemPart);
}
