/**
 * Reads the error in a provider's answer: first its code fields, then its message. Only the start of a message is compared with known
 * sentences, because the rest may repeat the prompt.
 */
import { at, isObject, parseJson } from './json-value.ts';

export interface ProviderError {
  /** Types, codes, statuses and reasons, the most specific one last. */
  readonly names: readonly string[];
  readonly retryDelayMs: number | undefined;
  /** The account has no credit or daily quota left. */
  readonly isOutOfQuota: boolean;
  /** Moderation or a content filter refuses the request or the model's answer. */
  readonly isAboutContent: boolean;
}

/**
 * OpenAI: insufficient_quota, billing_hard_limit_reached, billing_not_active · Anthropic: billing_error · LiteLLM: budget_exceeded ·
 * OpenRouter: payment_required
 */
const quotaNames =
  /^(insufficient_(quota|balance|credits|funds)|quota_exceeded|budget_exceeded|payment_required)$|billing|credit/;

/** Messages of providers without a code for it. A gateway (LiteLLM) writes class names before the provider's sentence. */
const quotaMessages: readonly RegExp[] = [
  // Anthropic, both as 400 invalid_request_error
  /^your credit balance is too low/i,
  /^you have reached your specified (workspace )?API usage limits/i,
  // OpenAI, also behind gateways
  /^you exceeded your current quota, please check your plan and billing details/i,
  // OpenRouter: 403 for the key's own limit, 429 for free models
  /^key limit exceeded/i,
  /^rate limit exceeded: free-models-per-day/i,
  // DeepSeek and LiteLLM
  /^insufficient (balance|credits?)/i,
  /^(exceededbudget|budget has been exceeded)/i,
];

/**
 * Azure: content_filter, ResponsibleAIPolicyViolation · OpenAI: content_policy_violation, invalid_prompt, moderation_blocked ·
 * OpenRouter: content_policy_violation, refusal · Alibaba: data_inspection_failed, DataInspectionFailed · Zhipu: 1301
 */
const contentNames =
  /^(content_?filter(ed)?|content_policy_violation|refusal|ResponsibleAIPolicyViolation|invalid_prompt|moderation_blocked|data_?inspection_?failed|PROHIBITED_CONTENT|1301)$/i;

const contentMessages: readonly RegExp[] = [
  // Azure, also where a gateway drops its code
  /^the response was filtered due to the prompt triggering/i,
  // OpenAI
  /^invalid prompt: your prompt was flagged/i,
  /^your request was rejected as a result of our safety system/i,
  // Anthropic, as 400 invalid_request_error
  /^output blocked by content filtering policy/i,
  // OpenRouter: 403 with metadata.reasons and flagged_input
  /^\S+ requires moderation\b/i,
  /^(your (chosen model|input) .{0,60}(requires moderation|was flagged))/i,
  // DeepSeek, Alibaba
  /^content exists risk/i,
  /^(input|output) data may contain inappropriate content/i,
];

const gatewayPrefix = /^(?:[\w.]*(?:Error|Exception)\s*[:-]\s*)+/;

/** An answer without a JSON error has no names. Google's OpenAI endpoint wraps its error in an array. */
export function readProviderError(body: string): ProviderError {
  const parsed = parseJson(body);
  const error = errorIn(Array.isArray(parsed) ? parsed[0] : parsed);
  const listed = at(error, 'details');
  const details = (Array.isArray(listed) ? listed : []).filter(isObject);
  const names = namesOf(error, details);
  const message = messageOf(error);
  const delay = details.map(({ retryDelay }) => /^(\d+(?:\.\d+)?)s$/.exec(String(retryDelay))?.[1]).find(Boolean);
  return {
    names,
    retryDelayMs: delay === undefined ? undefined : Number(delay) * 1_000,
    isOutOfQuota:
      names.some((name) => quotaNames.test(name)) ||
      (quotaMessages.some((each) => each.test(message)) && !isByTheMinute(details)) ||
      details.some(endsWithTheDay),
    isAboutContent:
      names.some((name) => contentNames.test(name)) ||
      isModeration(at(error, 'metadata')) ||
      contentMessages.some((each) => each.test(message)),
  };
}

/** DeepSeek and others put the error's fields at the top level; some gateways nest one error in another. */
function errorIn(value: unknown): unknown {
  const error = at(value, 'error');
  const inner = at(error, 'error');
  if (isObject(inner)) return inner;
  return isObject(error) ? error : value;
}

function messageOf(error: unknown): string {
  const message = at(error, 'message');
  return typeof message === 'string' ? message.trimStart().slice(0, 500).replace(gatewayPrefix, '') : '';
}

/** Only short identifiers, so that text of a prompt is never taken for a name. */
function namesOf(error: unknown, details: readonly Record<string, unknown>[]): string[] {
  const inner =
    at(error, 'innererror') ?? at(error, 'inner_error') ?? at(error, 'provider_specific_fields', 'innererror');
  const given = [
    at(error, 'type'),
    at(error, 'status'),
    ...details.map(({ reason }) => reason),
    at(inner, 'code'),
    at(error, 'metadata', 'error_type'),
    at(error, 'code'),
  ];
  return given.flatMap((each) => (typeof each === 'string' && /^[\w.-]{1,60}$/.test(each) ? [each] : []));
}

/** OpenRouter: the rules that a text breaks, or the patterns of a guardrail. */
function isModeration(metadata: unknown): boolean {
  const lists = [at(metadata, 'reasons'), at(metadata, 'patterns')];
  return (
    lists.some((each) => Array.isArray(each) && each.length > 0) || typeof at(metadata, 'flagged_input') === 'string'
  );
}

/** Google lists the exhausted quotas. */
function quotaIdsOf({ violations }: Record<string, unknown>): string[] {
  return (Array.isArray(violations) ? violations : []).map((each: unknown) => String(at(each, 'quotaId')));
}

function endsWithTheDay(detail: Record<string, unknown>): boolean {
  return quotaIdsOf(detail).some((id) => id.includes('PerDay'));
}

/** Google uses the same sentence for a quota per minute, which only needs a wait. */
function isByTheMinute(details: readonly Record<string, unknown>[]): boolean {
  return details.some((detail) => quotaIdsOf(detail).length > 0) && !details.some(endsWithTheDay);
}
