/** Asks an OpenAI-compatible server for one chat completion. The only file that knows the form of its requests and replies. */
import { setMaxListeners } from 'node:events';
import pLimit from 'p-limit';
import type { Clock } from '../../../core/clock.ts';
import { AppError } from '../../../core/errors.ts';
import type { PostJson } from './post-json.ts';
import type { ChatMessage } from './prompt.ts';
import { faultOfAnswer, type ProviderAnswer } from './provider-fault.ts';
import type { JsonSchema } from './reply-schema.ts';
import type { TryAgain } from './try-again.ts';

export interface ChatRequest {
  readonly messages: readonly ChatMessage[];
  readonly schema: JsonSchema;
  /** Letters, digits, dash and underscore, 64 at most. */
  readonly schemaName: string;
  readonly maxOutputTokens: number;
  readonly signal: AbortSignal;
}

export interface ChatReply {
  readonly text: string;
  /** False where the model ran out of output tokens. */
  readonly isWhole: boolean;
  /** The model that answered, as it names itself. */
  readonly model: string;
  /** null: not told. */
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly latencyMs: number;
}

export interface ChatClient {
  readonly model: string;
  /** @throws AppError LLM_* */
  complete(request: ChatRequest): Promise<ChatReply>;
}

export interface ChatClientOptions {
  readonly model: string;
  /** null: none, as a server of one's own may want. */
  readonly apiKey: string | null;
  /** Host, for messages. */
  readonly host: string;
  /** OpenAI's own API names the limit of output tokens otherwise than older servers do. */
  readonly tokenLimitName: 'max_tokens' | 'max_completion_tokens';
  /** Calls at a time in this process. */
  readonly maxConcurrency: number;
  readonly post: PostJson;
  readonly tryAgain: TryAgain;
  readonly clock: Clock;
}

/** What a request can do without where a server or model does not know it. */
const dispensable = ['response_format', 'temperature', 'max_completion_tokens', 'max_tokens'] as const;
type Dispensable = (typeof dispensable)[number];

export function createChatClient(options: ChatClientOptions): ChatClient {
  const { model, post, clock } = options;
  const limit = pLimit(options.maxConcurrency);
  const where = `The model ${model} at ${options.host}`;
  const headers: Record<string, string> = options.apiKey === null ? {} : { authorization: `Bearer ${options.apiKey}` };
  /** Learnt from refusals, for as long as the process lives. */
  const unknown = new Set<Dispensable>();

  const ask = async (request: ChatRequest): Promise<ChatReply> => {
    for (;;) {
      request.signal.throwIfAborted();
      const startMs = clock.monotonicMs();
      const body = JSON.stringify(makeBody(request, options, unknown));
      const answer = await post({ headers, body, signal: request.signal });
      if (answer.status === 200) return readCompletion(answer, where, clock.monotonicMs() - startMs);
      const refused = dispensable.find((name) => !unknown.has(name) && isRefusalOf(answer, name, body));
      if (refused === undefined) throw faultOfAnswer(answer, where, clock.wallMs());
      unknown.add(refused);
    }
  };
  return {
    model,
    complete(request) {
      // One signal serves all tries of a job.
      setMaxListeners(0, request.signal);
      return options.tryAgain(() => limit(() => ask(request)), request.signal);
    },
  };
}

function makeBody(
  { messages, schema, schemaName, maxOutputTokens }: ChatRequest,
  { model, tokenLimitName }: ChatClientOptions,
  unknown: ReadonlySet<Dispensable>,
): Record<string, unknown> {
  const wanted: Partial<Record<Dispensable, unknown>> = {
    temperature: 0,
    response_format: { type: 'json_schema', json_schema: { name: schemaName, strict: true, schema } },
    [tokenLimitName]: maxOutputTokens,
  };
  const known = Object.entries(wanted).filter(
    ([name]) => !dispensable.some((each) => each === name && unknown.has(each)),
  );
  return { model, messages, ...Object.fromEntries(known) };
}

/** Whether a 400 or 422 complains of that parameter. Its words are looked at, never repeated. */
function isRefusalOf({ status, body }: ProviderAnswer, name: Dispensable, sent: string): boolean {
  if ((status !== 400 && status !== 422) || !sent.includes(`"${name}"`)) return false;
  return body.includes(name) || (name === 'response_format' && body.includes('json_schema'));
}

function readCompletion({ body }: ProviderAnswer, where: string, latencyMs: number): ChatReply {
  const value = parse(body);
  const choice = isObject(value) && Array.isArray(value.choices) ? value.choices[0] : undefined;
  const message = isObject(choice) ? choice.message : undefined;
  if (!isObject(value) || !isObject(choice) || !isObject(message)) {
    throw new AppError(
      'LLM_REPLY_INVALID',
      `${where} sent no chat completion (${body.length} characters). Check LLM_BASE_URL.`,
    );
  }
  if (choice.finish_reason === 'content_filter' || (typeof message.refusal === 'string' && message.refusal !== '')) {
    throw new AppError('LLM_REFUSED', `${where} refuses to answer for this transcript. Look at the meeting.`);
  }
  const text = readContent(message.content);
  const usage = isObject(value.usage) ? value.usage : {};
  return {
    text,
    isWhole: choice.finish_reason !== 'length',
    model: typeof value.model === 'string' ? value.model.slice(0, 100) : '',
    inputTokens: readCount(usage.prompt_tokens),
    outputTokens: readCount(usage.completion_tokens),
    latencyMs: Math.max(0, Math.round(latencyMs)),
  };
}

/** A text, or parts of one as some servers send. */
function readContent(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map((part: unknown) => (isObject(part) && typeof part.text === 'string' ? part.text : '')).join('');
}

function readCount(value: unknown): number | null {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 2 ** 31 ? value : null;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
