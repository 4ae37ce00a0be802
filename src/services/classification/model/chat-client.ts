/** Asks a model one question over one provider's API, as often as try-again.ts says. */
import { setMaxListeners } from 'node:events';
import type { Clock } from '../../../core/clock.ts';
import { AppError } from '../../../core/errors.ts';
import { createBodyWriter } from './body-writer.ts';
import type { ChatQuestion, Dialect, Usage } from './providers/dialect.ts';
import { parseJson } from './providers/json-value.ts';
import type { PostJson } from './providers/post-json.ts';
import { faultOfAnswer, isAbandoned, type ProviderAnswer } from './providers/provider-fault.ts';
import { readRefusedParameters } from './providers/refused-parameters.ts';
import { isOneOf, type RefusedParts } from './resilience/refused-parts.ts';
import type { TryAgain } from './resilience/try-again.ts';

export interface ChatRequest extends ChatQuestion {
  readonly signal: AbortSignal;
  /** Asked just before each call; what it gives is told just after it, while its place among the calls at a time is still held. */
  readonly meter?: Meter;
}

/** A call that was sent and not waited for to its end: by timeout, abort or a broken connection. It may be charged all the same. */
export interface AbandonedCall {
  readonly abandonedAfterMs: number;
}

/** Called without an argument where nothing can have been charged; a second time is harmless. */
export type EndOfMeter = (ended?: ChatReply | AbandonedCall) => Promise<void>;

/** @param question what is sent */
export type Meter = (question: ChatQuestion, signal: AbortSignal) => Promise<EndOfMeter>;

export interface ChatReply extends Usage {
  readonly text: string;
  /** `refused`: by the model or a content filter · `cut`: it ran out of output tokens. */
  readonly end: 'whole' | 'cut' | 'refused';
  /** The model that answered, as it names itself; the one that was asked where it does not. */
  readonly model: string;
  readonly latencyMs: number;
}

export interface ChatClient {
  readonly model: string;
  /** Host, for messages. */
  readonly host: string;
  /** Names of the parts that requests go without, as the model refused them. */
  refusedParts(): readonly string[];
  /** @throws AppError MODEL_* */
  complete(request: ChatRequest): Promise<ChatReply>;
}

export interface ChatClientOptions {
  readonly model: string;
  /** null: none, as a server of one's own may want. */
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
  const { model, host, dialect, post, clock, refusedParts } = options;
  const where = `The model ${model} at ${host}`;
  const writeBody = createBodyWriter(dialect, model);
  const headers = dialect.headers(options.apiKey);

  /** Asks until the model takes a request: what it refuses is left out of the next one. */
  const ask = async ({ signal, meter, ...question }: ChatRequest): Promise<ChatReply> => {
    let tooLarge: readonly string[] = [];
    for (;;) {
      signal.throwIfAborted();
      const call = await refusedParts.begin(signal);
      let end: Awaited<ReturnType<Meter>> | undefined;
      let startMs = clock.monotonicMs();
      let isSent = false;
      const elapsedMs = () => Math.max(0, Math.round(clock.monotonicMs() - startMs));
      const onSent = () => {
        isSent = true;
      };
      try {
        end = await meter?.(question, signal);
        startMs = clock.monotonicMs();
        const parts = tooLarge.length === 0 ? call.parts : call.parts.filter((part) => !isOneOf(part, tooLarge));
        const answer = await post({ headers, body: writeBody(question, parts), signal, onSent });
        if (answer.status === 200) {
          const reply = read(answer, elapsedMs());
          call.accepted();
          await end?.(reply);
          return reply;
        }
        const refusal = readRefusedParameters(answer);
        const isForSize = parts.some((part) => isOneOf(part, refusal.tooLarge));
        if (isForSize) tooLarge = [...tooLarge, ...refusal.tooLarge];
        if (!call.refused(refusal.names) && !isForSize) throw faultOfAnswer(answer, where, clock.wallMs());
      } catch (error) {
        if (isSent && (signal.aborted || isAbandoned(error))) await end?.({ abandonedAfterMs: elapsedMs() });
        throw error;
      } finally {
        await end?.();
        call.end();
      }
    }
  };
  const read = ({ body }: ProviderAnswer, latencyMs: number): ChatReply => {
    const spoken = dialect.read(parseJson(body));
    if (spoken === undefined) {
      const words = `${where} sent no answer of its API (${body.length} characters). Check LLM_BASE_URL and LLM_PROVIDER.`;
      throw new AppError('MODEL_REPLY_INVALID', words);
    }
    return { ...spoken, model: spoken.model === '' ? model : spoken.model.slice(0, maxModelChars), latencyMs };
  };
  return {
    model,
    host,
    refusedParts: refusedParts.refused,
    complete(request) {
      // One signal serves all tries of a job.
      setMaxListeners(0, request.signal);
      return options.tryAgain(() => ask(request), request.signal);
    },
  };
}
