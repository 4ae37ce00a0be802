/** What a provider's refusal means for a job. Reads status, headers and the machine-readable part of the body, and repeats no text of it. */
import { AppError } from '../../../core/errors.ts';
import { at, isObject, parseJson } from './json-value.ts';

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
  const { names, retryDelayMs, isOutOfCredit } = readError(answer.body);
  const said = `${where} answered ${status}${names.length === 0 ? '' : ` (${names.at(-1)})`}`;
  const kinds = names.join(' ');
  if (status === 402 || isOutOfCredit || /insufficient_quota|billing|credit/.test(kinds)) {
    return new AppError('MODEL_QUOTA', `${said}: the account's quota is used up. Raise it, or add credit. Jobs wait.`);
  }
  if (status === 401 || status === 403 || /API_KEY_INVALID/.test(kinds)) {
    return new AppError(
      'MODEL_REFUSED_KEY',
      `${said}: it refuses the key. Correct LLM_API_KEY or OPENAI_API_KEY. Jobs wait.`,
    );
  }
  if (status === 404) {
    return new AppError(
      'MODEL_REFUSED_KEY',
      `${said}: no such model or address for this key. Correct LLM_MODEL or LLM_BASE_URL. Jobs wait.`,
    );
  }
  if (status === 429 || status === 503 || status === 529) {
    const retryAfterMs = readRetryAfterMs(answer.headers, nowMs) ?? retryDelayMs;
    const wait = retryAfterMs === undefined ? '' : ` and asks to wait ${Math.ceil(retryAfterMs / 1_000)} s`;
    return new AppError(
      'MODEL_RATE_LIMITED',
      `${said}${wait}. Jobs wait; lower LLM_MAX_CONCURRENCY if this goes on.`,
      retryAfterMs === undefined ? {} : { details: { retryAfterMs } },
    );
  }
  if (status >= 500 || status === 408 || status === 409) {
    return new AppError('MODEL_UNREACHABLE', `${said}. Look at the provider's status if this goes on.`);
  }
  if (/content_filter|content_policy/.test(kinds)) {
    return new AppError('MODEL_REFUSED', `${said}: its content filter refuses the transcript. Look at the meeting.`);
  }
  return new AppError(
    'MODEL_REQUEST_REFUSED',
    `${said}: it does not take such a request. Check that LLM_BASE_URL speaks the API of LLM_PROVIDER and that LLM_MODEL takes ${kinds.includes('context_length') ? 'this length' : 'a JSON schema'}.`,
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

/**
 * Names alone: a message may repeat the prompt. OpenAI: error.type and code · Anthropic: error.type · Google: error.status,
 * and in error.details a reason, a retryDelay such as "20s", and quotas that end with the day.
 */
function readError(body: string): { names: string[]; retryDelayMs: number | undefined; isOutOfCredit: boolean } {
  const error = at(parseJson(body), 'error');
  const details = at(error, 'details');
  const all = (Array.isArray(details) ? details : []).filter(isObject);
  const given = [at(error, 'type'), at(error, 'status'), ...all.map(({ reason }) => reason), at(error, 'code')];
  const delay = all.map(({ retryDelay }) => /^(\d+(?:\.\d+)?)s$/.exec(String(retryDelay))?.[1]).find(Boolean);
  const message = at(error, 'message');
  return {
    names: given.flatMap((each) => (typeof each === 'string' && /^[\w.-]{1,60}$/.test(each) ? [each] : [])),
    retryDelayMs: delay === undefined ? undefined : Math.min(Number(delay) * 1_000, maxRetryAfterMs),
    // Anthropic has no name for it, and Google says of a quota only which one it is.
    isOutOfCredit:
      /credit balance is too low/i.test(String(message)) || /"quotaId":\s*"[^"]*PerDay/i.test(JSON.stringify(all)),
  };
}
