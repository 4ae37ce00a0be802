/** Asks a model one question over one provider's API; resilience/try-again.ts decides how often. */
import { setMaxListeners } from 'node:events';
import type { Clock } from '../../../core/clock.ts';
import { AppError } from '../../../core/errors.ts';
import type { ChatQuestion, Dialect, Part, Usage } from './providers/dialect.ts';
import { parseJson } from './providers/json-value.ts';
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
}

/** Called without an argument if nothing can have been charged. Further calls have no effect. */
export type EndOfMeter = (ended?: ChatReply | AbandonedCall) => Promise<void>;

/** @param question what is sent */
export type Meter = (question: ChatQuestion, signal: AbortSignal) => Promise<EndOfMeter>;

export interface ChatReply extends Usage {
  readonly text: string;
  /** `refused`: by the model or a content filter · `cut`: it ran out of output tokens. */
  readonly end: 'whole' | 'cut' | 'refused';
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
  let tooLarge: readonly string[] = [];
  for (;;) {
    request.signal.throwIfAborted();
    const call = await caller.refusedParts.begin(request.signal);
    try {
      const parts = call.parts.filter((part) => !isOneOf(part, tooLarge));
      const result = await callOnce(caller, request, call, parts);
      if ('reply' in result) return result.reply;
      tooLarge = [...tooLarge, ...result.tooLarge];
    } finally {
      call.end();
    }
  }
}

type CallResult =
  | { readonly reply: ChatReply }
  /** A part was refused: call again. `tooLarge`: parameters whose value is too large for this request only. */
  | { readonly tooLarge: readonly string[] };

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
  const onSent = () => {
    isSent = true;
  };
  try {
    const body = JSON.stringify(dialect.makeBody(question, model, parts));
    const answer = await caller.post({ headers, body, signal, onSent });
    if (answer.status !== 200) return readRefusal(caller, answer, call, parts);
    const reply = readReply(caller, answer, elapsedMs());
    call.accepted();
    await end?.(reply);
    return { reply };
  } catch (error) {
    if (isSent && (signal.aborted || isAbandoned(error))) await end?.({ abandonedAfterMs: elapsedMs() });
    throw error;
  } finally {
    await end?.();
  }
}

function readRefusal(
  { where, clock }: Caller,
  answer: ProviderAnswer,
  call: PartsOfCall,
  parts: readonly Part[],
): CallResult {
  const refusal = readRefusedParameters(answer);
  const tooLarge = parts.some((part) => isOneOf(part, refusal.tooLarge)) ? refusal.tooLarge : [];
  if (!call.refused(refusal.names) && tooLarge.length === 0) throw faultOfAnswer(answer, where, clock.wallMs());
  return { tooLarge };
}

function readReply({ dialect, where, model }: Caller, { body }: ProviderAnswer, latencyMs: number): ChatReply {
  const spoken = dialect.read(parseJson(body));
  if (spoken === undefined) {
    const message = `${where} sent no answer of its API (${body.length} characters). Check LLM_BASE_URL and LLM_PROVIDER.`;
    throw new AppError('MODEL_REPLY_INVALID', message);
  }
  return { ...spoken, model: spoken.model === '' ? model : spoken.model.slice(0, maxModelChars), latencyMs };
}
