/**
 * Reads the error in a provider's answer: first its code fields, then its message. Only the start of a message is compared with known
 * sentences, because the rest may repeat the prompt.
 */
import { at, isObject, parseJson } from './json-value.ts';
import { embeddedIn } from './refusal-forms.ts';

export interface ProviderError {
  /** Types, codes, statuses and reasons, the most specific one last. */
  readonly names: readonly string[];
  readonly retryDelayMs: number | undefined;
  /** The account has no credit or daily quota left. */
  readonly isOutOfQuota: boolean;
  /** Moderation or a content filter refuses the request or the model's answer. */
  readonly isAboutContent: boolean;
  /** The request has more tokens than the model, or the account's tier, takes in one request. */
  readonly isTooLong: boolean;
  /** The model does not exist, has ended, or is not served here. */
  readonly isAboutModel: boolean;
}

/**
 * OpenAI: insufficient_quota, billing_hard_limit_reached, billing_not_active, credit_balance_exhausted · Anthropic: billing_error ·
 * LiteLLM: budget_exceeded · OpenRouter: payment_required · Groq: blocked_api_access
 */
const quotaNames =
  /^(insufficient_(quota|balance|credits|funds)|quota_exceeded|budget_exceeded|payment_required|blocked_api_access)$|billing|credit/;

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
  // Google: a project's spending cap, prepaid credit
  /^your project has exceeded its (monthly )?spending cap/i,
  /^your prepa(yment|id) credits? (is|are) (depleted|exhausted)/i,
  // xAI, as 403 or 429
  /^your (team|organization|account|project) .{0,80}(used all available credits|(monthly )?spending limit)/i,
  // Azure, as 403
  /^out of call volume quota/i,
  // Fireworks, as 412
  /^account .{0,80} is suspended/i,
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

/**
 * OpenAI, Azure, Groq, DeepSeek, OpenRouter: context_length_exceeded · OpenAI: string_above_max_length · llama.cpp:
 * exceed_context_size_error · Anthropic: request_too_large · OpenRouter: string_too_long · Mistral: 3051 · Zhipu: 1261
 */
const lengthNames =
  /^(context_(length|window)_exceeded|string_above_max_length|string_too_long|exceed_context_size_error|request_too_large|3051|1261)$/i;

const lengthMessages: readonly RegExp[] = [
  // OpenAI, vLLM, SGLang, DeepSeek, OpenRouter: "This model's maximum context length is …"; xAI: "maximum prompt length"
  /^(this (model|endpoint)'s|the) maximum (context|prompt) length is/i,
  // vLLM: "'max_tokens' or 'max_completion_tokens' is too large: …", "The decoder prompt (length …) is longer than the maximum model length"
  /^'?max_tokens'?.{0,60}is too large.{0,40}maximum context length/i,
  /^the (decoder )?(prompt|input)s? \(.{0,60}\) (is|are) (longer|larger) than the/i,
  // Anthropic
  /^prompt is too long/i,
  /^input length and `?max_tokens`? exceed context limit/i,
  // Google
  /^the input token count .{0,30}exceeds the maximum number of tokens/i,
  // OpenAI and Groq as 429 or 413: one request is larger than the limit for a minute
  /^request too large for/i,
  /^please reduce the length of the messages/i,
  // Mistral, Together, Bedrock, Moonshot, Alibaba, Cohere
  /^prompt contains \d+ tokens.{0,60}too large for model/i,
  /^`?inputs`? tokens \+ `?max_new_tokens`? must be/i,
  /^input is too long for requested model/i,
  /^(invalid request: )?your request exceeded model token limit/i,
  /^range of input length should be/i,
  /^too many tokens: total number/i,
  // llama.cpp, LM Studio, Ollama
  /^the request exceeds the available context size/i,
  /^(trying to keep the first \d+ tokens|the number of tokens to keep from the initial prompt)/i,
  /^(the )?(input|prompt) (length )?(is too long|exceeds the context)/i,
];

/** OpenAI: model_not_found · Groq: model_decommissioned · Azure: DeploymentNotFound · Mistral: 1500 */
const modelNames =
  /^(model_not_found|model_not_exist|model_not_available|model_decommissioned|invalid_model|unknown_model|DeploymentNotFound|1500)$/i;

/** OpenRouter, DeepSeek and Mistral, as 400. */
const modelMessages: readonly RegExp[] = [
  /^\S{1,100} is not a valid model id/i,
  /^model not exist/i,
  /^invalid model: /i,
];

const gatewayPrefix = /^(?:[\w.]*(?:Error|Exception)\s*[:-]\s*)+/;

/** Gateways send a provider's error inside their own. */
const maxDepth = 3;

/** An answer without a JSON error has no names. */
export function readProviderError(body: string): ProviderError {
  return readError(parseJson(body), 0);
}

function readError(parsed: unknown, depth: number): ProviderError {
  // Google's OpenAI endpoint wraps its error in an array.
  const error = errorIn(Array.isArray(parsed) ? parsed[0] : parsed);
  const own = readOwn(error);
  const inner = depth < maxDepth ? innerError(error) : undefined;
  if (inner === undefined) return own;
  const nested = readError(inner, depth + 1);
  return {
    names: [...own.names, ...nested.names],
    retryDelayMs: own.retryDelayMs ?? nested.retryDelayMs,
    isOutOfQuota: own.isOutOfQuota || nested.isOutOfQuota,
    isAboutContent: own.isAboutContent || nested.isAboutContent,
    isTooLong: own.isTooLong || nested.isTooLong,
    isAboutModel: own.isAboutModel || nested.isAboutModel,
  };
}

/** OpenRouter: `metadata.raw`, JSON or words · LiteLLM: JSON in its message. */
function innerError(error: unknown): unknown {
  const raw = at(error, 'metadata', 'raw');
  if (typeof raw === 'string') return parseJson(raw) ?? { message: raw };
  const message = at(error, 'message');
  return typeof message === 'string' ? embeddedIn(message) : undefined;
}

function readOwn(error: unknown): ProviderError {
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
    isTooLong: names.some((name) => lengthNames.test(name)) || lengthMessages.some((each) => each.test(message)),
    isAboutModel: names.some((name) => modelNames.test(name)) || modelMessages.some((each) => each.test(message)),
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
  // xAI and LM Studio send the error as a text.
  const message = at(error, 'message') ?? at(error, 'error');
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
  return given.flatMap((each) => {
    const name = typeof each === 'number' ? String(each) : each;
    return typeof name === 'string' && /^[\w.-]{1,60}$/.test(name) && !isHttpStatus(name) ? [name] : [];
  });
}

/** Google, OpenRouter and LiteLLM repeat the HTTP status as the code, which says nothing more. */
function isHttpStatus(name: string): boolean {
  return /^[45]\d\d$/.test(name);
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
