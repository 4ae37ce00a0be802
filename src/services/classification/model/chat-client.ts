/** Asks a model one question over one provider's API; resilience/try-again.ts decides how often. */
import { setMaxListeners } from 'node:events';
import type { Clock } from '../../../core/clock.ts';
import { AppError } from '../../../core/errors.ts';
import type { ChatQuestion, Dialect, DialectReply, Part, ReplyEnd, Usage } from './providers/dialect.ts';
import { type ExtraBody, mergeBody } from './providers/extra-body.ts';
import { at, isObject, parseJson } from './providers/json-value.ts';
import type { PostJson } from './providers/post-json.ts';
import { faultOfAnswer, isAbandoned, type ProviderAnswer } from './providers/provider-fault.ts';
import { readRefusedParameters } from './providers/refused-parameters.ts';
import { isOneOf, type PartsOfCall, type RefusedParts } from './resilience/refused-parts.ts';
import type { TryAgain } from './resilience/try-again.ts';

export interface ChatRequest extends ChatQuestion {
  readonly signal: AbortSignal;
  /** Called just before each call. The function it returns is called just after it, while the call still holds its concurrency slot. */
  readonly meter?: Meter;
}

/** A call that was sent but not awaited to its end, because of a timeout, an abort or a broken connection. It may be charged. */
export interface AbandonedCall {
  readonly abandonedAfterMs: number;
  /** Tokens that the provider reported all the same. */
  readonly usage?: Usage;
}

/** Called without an argument if nothing can have been charged. Further calls have no effect. */
export type EndOfMeter = (ended?: ChatReply | AbandonedCall) => Promise<void>;

/** @param question what is sent */
export type Meter = (question: ChatQuestion, signal: AbortSignal) => Promise<EndOfMeter>;

export interface ChatReply extends Usage {
  /** Never blank if the reply is whole. */
  readonly text: string;
  /** Never `failed`: that is thrown. */
  readonly end: ReplyEnd;
  /** The model's own name for itself; the requested name if it gives none. */
  readonly model: string;
  readonly latencyMs: number;
}

export interface ChatClient {
  readonly model: string;
  /** Host, for messages. */
  readonly host: string;
  /** Names of the request parts that the model refused; requests are sent without them. */
  refusedParts(): readonly string[];
  /** @throws AppError MODEL_* */
  complete(request: ChatRequest): Promise<ChatReply>;
}

export interface ChatClientOptions {
  readonly model: string;
  /** null: no key, for a self-hosted server. */
  readonly apiKey: string | null;
  /** Host, for messages. */
  readonly host: string;
  readonly dialect: Dialect;
  /** Merged into each request. */
  readonly extraBody?: ExtraBody;
  readonly post: PostJson;
  readonly tryAgain: TryAgain;
  readonly refusedParts: RefusedParts;
  readonly clock: Clock;
}

const maxModelChars = 100;

export function createChatClient(options: ChatClientOptions): ChatClient {
  const { model, host, dialect, refusedParts, tryAgain } = options;
  const caller: Caller = {
    ...options,
    where: `The model ${model} at ${host}`,
    headers: dialect.headers(options.apiKey),
  };
  return {
    model,
    host,
    refusedParts: refusedParts.refused,
    complete(request) {
      // All tries of a job listen to the same signal.
      setMaxListeners(0, request.signal);
      return tryAgain(() => askUntilAccepted(caller, request), request.signal);
    },
  };
}

interface Caller extends ChatClientOptions {
  /** Model and host, for messages. */
  readonly where: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Repeats the call without the parts that the model refuses, until it accepts the request. */
async function askUntilAccepted(caller: Caller, request: ChatRequest): Promise<ChatReply> {
  let leftOut: readonly string[] = [];
  for (;;) {
    request.signal.throwIfAborted();
    const call = await caller.refusedParts.begin(request.signal);
    try {
      const parts = call.parts.filter((part) => !isOneOf(part, leftOut));
      const result = await callOnce(caller, request, call, parts);
      if ('reply' in result) return result.reply;
      leftOut = [...leftOut, ...result.once];
    } finally {
      call.end();
    }
  }
}

type CallResult =
  | { readonly reply: ChatReply }
  /** A part was refused: call again. `once`: parameters to leave out of this request only. */
  | { readonly once: readonly string[] };

/** One metered call. @throws AppError MODEL_* */
async function callOnce(
  caller: Caller,
  { signal, meter, ...question }: ChatRequest,
  call: PartsOfCall,
  parts: readonly Part[],
): Promise<CallResult> {
  const { clock, dialect, headers, model } = caller;
  const end = await meter?.(question, signal);
  const startMs = clock.monotonicMs();
  const elapsedMs = () => Math.max(0, Math.round(clock.monotonicMs() - startMs));
  let isSent = false;
  let usage: Usage | undefined;
  const onSent = () => {
    isSent = true;
  };
  try {
    const body = JSON.stringify(
      mergeBody(dialect.makeBody(withShape(question, parts), model, parts), caller.extraBody ?? {}),
    );
    const answer = withOwnStatus(await caller.post({ headers, body, signal, onSent }));
    if (answer.status !== 200) return readRefusal(caller, answer, call, parts);
    const spoken = readReply(caller, answer);
    usage = spoken;
    throwIfUseless(caller, spoken);
    const reply = { ...spoken, latencyMs: elapsedMs() };
    call.accepted();
    await end?.(reply);
    return { reply };
  } catch (error) {
    if (isSent && (signal.aborted || isAbandoned(error))) await end?.({ abandonedAfterMs: elapsedMs(), usage });
    throw error;
  } finally {
    await end?.();
  }
}

/** A request without a schema describes the shape of the answer in the instructions. */
function withShape(question: ChatQuestion, parts: readonly Part[]): ChatQuestion {
  if (parts.some(({ hasSchema }) => hasSchema)) return question;
  const messages = question.messages.map((each) =>
    each.role === 'system' ? { ...each, content: `${each.content}\n\n${question.shape}` } : each,
  );
  return { ...question, messages };
}

function readRefusal(
  { where, clock }: Caller,
  answer: ProviderAnswer,
  call: PartsOfCall,
  parts: readonly Part[],
): CallResult {
  const refusal = readRefusedParameters(answer);
  const once = parts.some((part) => isOneOf(part, refusal.once)) ? refusal.once : [];
  if (!call.refused(refusal.names) && once.length === 0) throw faultOfAnswer(answer, where, clock.wallMs());
  return { once };
}

/**
 * OpenRouter and other gateways answer 200 and put an error in the body, because the model had already begun: at the top, or in the
 * choice. Its code is the status.
 */
function withOwnStatus(answer: ProviderAnswer): ProviderAnswer {
  if (answer.status !== 200) return answer;
  const value = parseJson(answer.body);
  const error = [at(value, 'error'), at(value, 0, 'error'), at(value, 'choices', 0, 'error')].find(isObject);
  if (error === undefined) return answer;
  const code = Number(error.code ?? error.status);
  const status = code >= 400 && code < 600 ? code : 502;
  return { ...answer, status, body: JSON.stringify({ error }) };
}

/** A reply may be charged and be of no use: the call is made again, at most once within the attempt. */
function throwIfUseless({ where }: Caller, { end, text }: DialectReply): void {
  const details = { isAbandoned: true };
  if (end === 'failed') {
    throw new AppError('MODEL_UNREACHABLE', `${where} stopped with an error of its own. It is asked again.`, {
      details,
    });
  }
  if (end !== 'whole' || text.trim() !== '') return;
  throw new AppError('MODEL_REPLY_INVALID', `${where} sent an empty answer. It is asked again.`, { details });
}

function readReply({ dialect, where, model }: Caller, { body }: ProviderAnswer): DialectReply {
  const spoken = dialect.read(parseJson(body));
  if (spoken === undefined) {
    const message = `${where} sent no answer of its API (${body.length} characters). Check LLM_BASE_URL and LLM_PROVIDER.`;
    throw new AppError('MODEL_REPLY_INVALID', message);
  }
  return { ...spoken, model: spoken.model === '' ? model : spoken.model.slice(0, maxModelChars) };
}
