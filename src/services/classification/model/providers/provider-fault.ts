/** Maps a provider's error answer to an AppError. Never repeats text of the body. */
import { AppError } from '../../../../core/errors.ts';
import { type ProviderError, readProviderError } from './provider-error.ts';

export interface ProviderAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** Longer Retry-After values are cut. */
const maxRetryAfterMs = 300_000;

/** Whether a call failed after it was sent and before its reply was complete, so that the provider may charge for it. */
export function isAbandoned(error: unknown): boolean {
  return error instanceof AppError && error.details.isAbandoned === true;
}

/** @param where model and host, for the message */
export function faultOfAnswer(answer: ProviderAnswer, where: string, nowMs: number): AppError {
  const { status } = answer;
  const error = readProviderError(answer.body);
  const said = `${where} answered ${status}${error.names.length === 0 ? '' : ` (${error.names.at(-1)})`}`;
  return (
    faultOfAccount(answer, error, said) ??
    faultOfContent(status, error, said) ??
    faultOfLength(status, error, said) ??
    faultOfKeyOrModel(status, error, said) ??
    faultOfReply(error, said) ??
    faultOfServer(answer, error, said, nowMs) ??
    new AppError(
      'MODEL_REQUEST_REFUSED',
      `${said}: it does not take such a request. Check that LLM_BASE_URL speaks the API of LLM_PROVIDER, and what LLM_MODEL supports.`,
    )
  );
}

/** The request, or the prompt with the answer that was asked for, does not fit; a shorter part of the transcript may. */
export function inputTooLong(said: string): AppError {
  return new AppError(
    'MODEL_INPUT_TOO_LONG',
    `${said}: the request has more tokens than it takes, also with less of the transcript. Use a model with a longer context, or raise the server's context length.`,
  );
}

/** OpenRouter's 402 with Retry-After is a limit of open requests: it ends by itself. */
function isWait({ status, headers }: ProviderAnswer): boolean {
  return status === 402 && first(headers['retry-after']) !== '';
}

/** No call succeeds until there is credit or quota again: the queue waits. */
function faultOfAccount(answer: ProviderAnswer, { isOutOfQuota }: ProviderError, said: string): AppError | undefined {
  if (isWait(answer) || (answer.status !== 402 && !isOutOfQuota)) return undefined;
  return new AppError('MODEL_QUOTA', `${said}: the account's quota is used up. Raise it, or add credit. Jobs wait.`);
}

/** Concerns one transcript; calls for others succeed. */
function faultOfContent(status: number, { isAboutContent }: ProviderError, said: string): AppError | undefined {
  if (status < 400 || !isAboutContent) return undefined;
  return new AppError(
    'MODEL_REFUSED_CONTENT',
    `${said}: its moderation refuses this transcript. Look at the meeting; classify it offline, or with another model.`,
  );
}

/** Status 413 always; 429 and 400 if the error says so. */
function faultOfLength(status: number, { isTooLong }: ProviderError, said: string): AppError | undefined {
  return status === 413 || isTooLong ? inputTooLong(said) : undefined;
}

/**
 * The documented reasons of a 403 without moderation (OpenAI, Azure, Anthropic, Google, Groq, Mistral) are the key's rights, the country
 * and the network. Each concerns all calls, so the queue waits. The same is true of Google's 400 FAILED_PRECONDITION.
 */
function faultOfKeyOrModel(status: number, { names, isAboutModel }: ProviderError, said: string): AppError | undefined {
  if (isAboutModel) return noSuchModel(said);
  if (status === 403 || (status === 400 && names.includes('FAILED_PRECONDITION'))) {
    return new AppError(
      'MODEL_REFUSED_KEY',
      `${said}: it refuses access. Check the rights of the key, the country and network that the worker calls from, and the account's billing. Jobs wait.`,
    );
  }
  if (status === 401 || names.includes('API_KEY_INVALID')) {
    return new AppError(
      'MODEL_REFUSED_KEY',
      `${said}: it refuses the key. Correct LLM_API_KEY, or the key under the provider's own name. Jobs wait.`,
    );
  }
  return status === 404 ? noSuchModel(said) : undefined;
}

function noSuchModel(said: string): AppError {
  return new AppError(
    'MODEL_REFUSED_KEY',
    `${said}: no such model or address for this key. Correct LLM_MODEL or LLM_BASE_URL. Jobs wait.`,
  );
}

/** Groq checks the model's answer itself. */
function faultOfReply({ names }: ProviderError, said: string): AppError | undefined {
  if (!names.some((name) => /^(json_validate_failed|tool_use_failed|output_parse_failed)$/.test(name)))
    return undefined;
  return new AppError(
    'MODEL_REPLY_INVALID',
    `${said}: the model's answer does not follow the schema. It is asked again.`,
  );
}

/** 498: Groq's flex tier is full · 407: a proxy wants another password · 424, 425, 499: a failed dependency, too early, cancelled by
 * the server. */
const throttles = [429, 498, 503, 529];
const passing = [407, 408, 409, 424, 425, 499];

function faultOfServer(
  answer: ProviderAnswer,
  { retryDelayMs }: ProviderError,
  said: string,
  nowMs: number,
): AppError | undefined {
  const { status, headers } = answer;
  if (throttles.includes(status) || isWait(answer)) {
    const retryAfterMs =
      readRetryAfterMs(headers, nowMs) ??
      (retryDelayMs === undefined ? undefined : Math.min(retryDelayMs, maxRetryAfterMs));
    const wait = retryAfterMs === undefined ? '' : ` and asks to wait ${Math.ceil(retryAfterMs / 1_000)} s`;
    return new AppError(
      'MODEL_RATE_LIMITED',
      `${said}${wait}. Jobs wait; lower LLM_MAX_CONCURRENCY if this goes on.`,
      retryAfterMs === undefined ? {} : { details: { retryAfterMs } },
    );
  }
  if (status < 500 && !passing.includes(status)) return undefined;
  // Gateway timeouts (504; 524 is Cloudflare's): the model behind may have answered, and be charged.
  const details = { isAbandoned: status === 504 || status === 524 };
  return new AppError('MODEL_UNREACHABLE', `${said}. Look at the provider's status if this goes on.`, { details });
}

/** Milliseconds that a provider asks to wait, from `retry-after-ms` or `Retry-After` (seconds or an HTTP date); at most 5 minutes. */
export function readRetryAfterMs(headers: ProviderAnswer['headers'], nowMs: number): number | undefined {
  const ms = Number.parseFloat(first(headers['retry-after-ms']));
  if (ms >= 0) return Math.min(ms, maxRetryAfterMs);
  const words = first(headers['retry-after']).trim();
  const waitMs = /^\d+(\.\d+)?$/.test(words) ? Number(words) * 1_000 : Date.parse(words) - nowMs;
  return Number.isNaN(waitMs) ? undefined : Math.min(Math.max(0, waitMs), maxRetryAfterMs);
}

function first(header: string | string[] | undefined): string {
  return (Array.isArray(header) ? header[0] : header) ?? '';
}
