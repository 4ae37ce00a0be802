/** What a provider's refusal means for a job. Reads status, headers and the machine-readable part of the body, and repeats no text of it. */
import { AppError } from '../../../core/errors.ts';

export interface ProviderAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** failure-matrix: Retry-After is honoured up to 5 minutes. */
const maxRetryAfterMs = 300_000;

/** @param where model and host, for the words */
export function faultOfAnswer(answer: ProviderAnswer, where: string, nowMs: number): AppError {
  const { status } = answer;
  const { type, code } = readError(answer.body);
  const said = `${where} answered ${status}${code === '' ? '' : ` (${code})`}`;
  const kinds = `${type} ${code}`;
  if (status === 402 || /insufficient_quota|billing|credit/.test(kinds)) {
    return new AppError('LLM_QUOTA', `${said}: the account's quota is used up. Raise it, or add credit. Jobs wait.`);
  }
  if (status === 401 || status === 403) {
    return new AppError(
      'LLM_REFUSED_KEY',
      `${said}: it refuses the key. Correct LLM_API_KEY or OPENAI_API_KEY. Jobs wait.`,
    );
  }
  if (status === 404) {
    return new AppError(
      'LLM_REFUSED_KEY',
      `${said}: no such model or address for this key. Correct LLM_MODEL or LLM_BASE_URL. Jobs wait.`,
    );
  }
  if (status === 429 || status === 503 || status === 529) {
    const retryAfterMs = readRetryAfterMs(answer.headers, nowMs);
    const wait = retryAfterMs === undefined ? '' : ` and asks to wait ${Math.ceil(retryAfterMs / 1_000)} s`;
    return new AppError(
      'LLM_RATE_LIMITED',
      `${said}${wait}. Jobs wait; lower LLM_MAX_CONCURRENCY if this goes on.`,
      retryAfterMs === undefined ? {} : { details: { retryAfterMs } },
    );
  }
  if (status >= 500 || status === 408 || status === 409) {
    return new AppError(
      'LLM_UNREACHABLE',
      `${said}. It is tried again; look at the provider's status if this goes on.`,
    );
  }
  if (/content_filter|content_policy/.test(kinds)) {
    return new AppError('LLM_REFUSED', `${said}: its content filter refuses the transcript. Look at the meeting.`);
  }
  return new AppError(
    'LLM_REQUEST_REFUSED',
    `${said}: it does not take such a request. Check that LLM_BASE_URL speaks the OpenAI API and that LLM_MODEL takes ${kinds.includes('context_length') ? 'this length' : 'a JSON schema'}.`,
  );
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

/** Names alone: a message may repeat the prompt. */
function readError(body: string): { type: string; code: string } {
  try {
    const value: unknown = JSON.parse(body);
    const error = isObject(value) && isObject(value.error) ? value.error : {};
    return { type: nameOf(error.type), code: nameOf(error.code) };
  } catch {
    return { type: '', code: '' };
  }
}

function nameOf(value: unknown): string {
  return typeof value === 'string' && /^[\w.-]{1,60}$/.test(value) ? value : '';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
