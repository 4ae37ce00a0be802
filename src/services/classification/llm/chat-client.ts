/** Asks a model one question over one provider's API, as often as try-again.ts says. */
import { setMaxListeners } from 'node:events';
import type { Clock } from '../../../core/clock.ts';
import { AppError } from '../../../core/errors.ts';
import { createBodyWriter, type RequestBody } from './body-writer.ts';
import type { ChatQuestion, Dialect, Usage } from './dialect.ts';
import { parseJson } from './json-value.ts';
import type { PostJson } from './post-json.ts';
import { faultOfAnswer, isAbandoned, type ProviderAnswer } from './provider-fault.ts';
import type { TryAgain } from './try-again.ts';

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
  readonly clock: Clock;
}

const maxModelChars = 100;

export function createChatClient(options: ChatClientOptions): ChatClient {
  const { model, host, dialect, post, clock } = options;
  const where = `The model ${model} at ${host}`;
  const writeBody = createBodyWriter(dialect, model);
  const headers = dialect.headers(options.apiKey);
  /** Learnt from refusals, for as long as the process lives. */
  const unknown = new Set<string>();

  const ask = async ({ signal, meter, ...question }: ChatRequest): Promise<ChatReply> => {
    for (;;) {
      signal.throwIfAborted();
      const end = await meter?.(question, signal);
      const startMs = clock.monotonicMs();
      let isSent = false;
      const onSent = () => {
        isSent = true;
      };
      try {
        const body = writeBody(question, unknown);
        const answer = await post({ headers, body: body.pieces, signal, onSent });
        if (answer.status === 200) {
          const reply = read(answer, Math.max(0, Math.round(clock.monotonicMs() - startMs)));
          await end?.(reply);
          return reply;
        }
        const refused = dialect.dispensable.find((name) => !unknown.has(name) && isRefusalOf(answer, name, body));
        if (refused === undefined) throw faultOfAnswer(answer, where, clock.wallMs());
        unknown.add(refused);
      } catch (error) {
        if (isSent && (signal.aborted || isAbandoned(error)))
          await end?.({ abandonedAfterMs: Math.max(0, Math.round(clock.monotonicMs() - startMs)) });
        throw error;
      } finally {
        await end?.();
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
    complete(request) {
      // One signal serves all tries of a job.
      setMaxListeners(0, request.signal);
      return options.tryAgain(() => ask(request), request.signal);
    },
  };
}

/** Whether a 400 or 422 complains of that part. Its words are looked at, never repeated. */
function isRefusalOf({ status, body }: ProviderAnswer, name: string, sent: RequestBody): boolean {
  if ((status !== 400 && status !== 422) || !sent.has(name)) return false;
  const snake = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return body.includes(name) || body.includes(snake) || (name === 'response_format' && body.includes('json_schema'));
}
