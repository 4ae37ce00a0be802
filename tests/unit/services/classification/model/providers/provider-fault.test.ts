import { describe, expect, test } from 'vitest';
import {
  faultOfAnswer,
  isAbandoned,
  readRetryAfterMs,
} from '../../../../../../src/services/classification/model/providers/provider-fault.ts';

const nowMs = Date.parse('2026-01-01T00:00:00Z');
const secret = 'sk-secret and what the client said';
const faultOf = (status: number, code: string | null = null, headers: Record<string, string> = {}, type = 'x') =>
  faultOfAnswer(
    { status, headers, body: JSON.stringify({ error: { message: secret, type, code } }) },
    'The model m at h',
    nowMs,
  );

/** Bodies as the providers' public issue threads and documentation show them; words of a prompt are replaced. */
const moderation: readonly (readonly [string, number, unknown])[] = [
  [
    'OpenRouter',
    403,
    {
      error: {
        code: 403,
        message: `openai/gpt-4o requires moderation on OpenAI. Your input was flagged for "harassment". ${secret}`,
        metadata: {
          reasons: ['harassment'],
          flagged_input: secret,
          provider_name: 'OpenAI',
          model_slug: 'openai/gpt-4o',
        },
      },
    },
  ],
  [
    'OpenRouter, its type',
    403,
    { error: { code: 403, message: secret, metadata: { error_type: 'content_policy_violation' } } },
  ],
  [
    'OpenRouter, guardrail',
    403,
    { error: { code: 403, message: 'Request blocked', metadata: { patterns: ['ignore all'] } } },
  ],
  [
    'Azure',
    400,
    {
      error: {
        message: "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
        type: null,
        param: 'prompt',
        code: 'content_filter',
        status: 400,
        innererror: { code: 'ResponsibleAIPolicyViolation', content_filter_result: { jailbreak: { filtered: true } } },
      },
    },
  ],
  [
    'Azure behind LiteLLM, which drops its code',
    400,
    {
      error: {
        message:
          "litellm.BadRequestError: litellm.ContentPolicyViolationError: AzureException - The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
        type: null,
        param: null,
        code: '400',
        provider_specific_fields: { innererror: { code: 'ResponsibleAIPolicyViolation' } },
      },
    },
  ],
  [
    'OpenAI',
    400,
    {
      error: {
        message: 'Invalid prompt: your prompt was flagged as potentially violating our usage policy.',
        type: 'invalid_request_error',
        param: null,
        code: 'invalid_prompt',
      },
    },
  ],
  [
    'Anthropic',
    400,
    { type: 'error', error: { type: 'invalid_request_error', message: 'Output blocked by content filtering policy' } },
  ],
  [
    'DeepSeek',
    400,
    { error: { message: 'Content Exists Risk', type: 'invalid_request_error', code: 'invalid_request_error' } },
  ],
  ['Xiaomi', 400, { error: { code: '421', message: 'Moderation Block', type: 'content_filter' } }],
];

const quotas: readonly (readonly [string, number, unknown])[] = [
  [
    'Anthropic, usage limits',
    400,
    {
      type: 'error',
      error: {
        type: 'invalid_request_error',
        message: 'You have reached your specified API usage limits. You will regain access on 2026-04-01 at 00:00 UTC.',
      },
    },
  ],
  [
    'OpenAI',
    429,
    {
      error: {
        message: 'You exceeded your current quota, please check your plan and billing details.',
        type: 'insufficient_quota',
        param: null,
        code: 'insufficient_quota',
      },
    },
  ],
  [
    'Gemini, the day',
    429,
    {
      error: {
        code: 429,
        message: 'You exceeded your current quota, please check your plan and billing details.',
        status: 'RESOURCE_EXHAUSTED',
        details: [
          { violations: [{ quotaId: 'GenerateRequestsPerDayPerProjectPerModel-FreeTier' }] },
          { retryDelay: '20s' },
        ],
      },
    },
  ],
  [
    "Gemini's OpenAI endpoint, an array",
    429,
    [
      {
        error: {
          code: 429,
          message: 'You exceeded your current quota, please check your plan and billing details.',
          status: 'RESOURCE_EXHAUSTED',
          details: [{ violations: [{ quotaId: 'GenerateRequestsPerDayPerProjectPerModel-FreeTier' }] }],
        },
      },
    ],
  ],
  [
    'OpenRouter, credits',
    402,
    { error: { code: 402, message: 'This request requires more credits, or fewer max_tokens.' } },
  ],
  [
    'OpenRouter, limit of the key',
    403,
    { error: { code: 403, message: 'Key limit exceeded (total limit). Manage it' } },
  ],
  [
    'DeepSeek',
    402,
    { error: { message: 'Insufficient Balance', type: 'unknown_error', code: 'invalid_request_error' } },
  ],
  [
    'LiteLLM',
    400,
    {
      error: {
        message: 'Budget has been exceeded! Current cost: 10.51, Max budget: 10.00',
        type: 'budget_exceeded',
        code: '400',
      },
    },
  ],
  [
    'LiteLLM, without its type',
    400,
    {
      error: {
        message: 'litellm.BadRequestError: OpenAIException - Budget has been exceeded! Current cost: 14',
        type: null,
      },
    },
  ],
];

describe('an error of one transcript is told from an error of key or quota', () => {
  const codeOf = (status: number, body: unknown) =>
    faultOfAnswer({ status, headers: {}, body: JSON.stringify(body) }, 'The model m at h', nowMs);

  test.each(moderation)('moderation of %s fails the job and holds no queue (M5)', (_name, status, body) => {
    const error = codeOf(status, body);
    expect([error.code, error.fault]).toEqual(['MODEL_REFUSED_CONTENT', 'permanent']);
    expect(`${error.message}${error.stack}`).not.toContain('secret');
  });

  test.each(quotas)('a used up quota of %s makes the queue wait (M6)', (_name, status, body) => {
    expect([codeOf(status, body).code, codeOf(status, body).fault]).toEqual(['MODEL_QUOTA', 'held']);
  });

  test.each([
    ['a permission', 403, { error: { type: 'permission_error', message: 'Your API key does not have permission' } }],
    [
      'a country',
      403,
      { error: { code: 'unsupported_country_region_territory', type: 'request_forbidden', message: 'x' } },
    ],
    ['Gemini', 403, [{ error: { code: 403, status: 'PERMISSION_DENIED', message: 'x' } }]],
    ['no JSON', 403, '<html>'],
  ])('a refused key stays one: %s (M5)', (_name, status, body) => {
    expect(codeOf(status, body).code).toBe('MODEL_REFUSED_KEY');
  });

  test('the quota of a minute is a wait, with the sentence that the quota of a day has (M6)', () => {
    const error = {
      code: 429,
      message: 'You exceeded your current quota, please check your plan and billing details.',
      status: 'RESOURCE_EXHAUSTED',
      details: [{ violations: [{ quotaId: 'GenerateRequestsPerMinutePerProjectPerModel' }] }, { retryDelay: '20s' }],
    };
    expect(codeOf(429, [{ error }])).toMatchObject({ code: 'MODEL_RATE_LIMITED', details: { retryAfterMs: 20_000 } });
  });

  test('a message that repeats the prompt decides nothing (M5)', () => {
    const message =
      'Invalid value in "the client said: output blocked by content filtering policy, key limit exceeded"';
    expect(codeOf(400, { error: { message, type: 'invalid_request_error' } }).code).toBe('MODEL_REQUEST_REFUSED');
  });

  test('a gateway that gave up waiting may have been charged by the model behind it (M4)', () => {
    expect([504, 524, 500, 502, 503].map((status) => isAbandoned(codeOf(status, {})))).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
  });
});

describe('what a provider answers', () => {
  test.each([
    [401, 'invalid_api_key', 'MODEL_REFUSED_KEY', 'held'],
    [403, null, 'MODEL_REFUSED_KEY', 'held'],
    [404, 'model_not_found', 'MODEL_REFUSED_KEY', 'held'],
    [402, null, 'MODEL_QUOTA', 'held'],
    [429, 'insufficient_quota', 'MODEL_QUOTA', 'held'],
    [429, 'rate_limit_exceeded', 'MODEL_RATE_LIMITED', 'throttled'],
    [503, null, 'MODEL_RATE_LIMITED', 'throttled'],
    [529, 'overloaded_error', 'MODEL_RATE_LIMITED', 'throttled'],
    [500, 'server_error', 'MODEL_UNREACHABLE', 'transient'],
    [502, null, 'MODEL_UNREACHABLE', 'transient'],
    [504, null, 'MODEL_UNREACHABLE', 'transient'],
    [408, null, 'MODEL_UNREACHABLE', 'transient'],
    [400, 'content_filter', 'MODEL_REFUSED_CONTENT', 'permanent'],
    [400, 'context_length_exceeded', 'MODEL_INPUT_TOO_LONG', 'permanent'],
    [413, null, 'MODEL_INPUT_TOO_LONG', 'permanent'],
    [498, null, 'MODEL_RATE_LIMITED', 'throttled'],
    [422, null, 'MODEL_REQUEST_REFUSED', 'permanent'],
    [301, null, 'MODEL_REQUEST_REFUSED', 'permanent'],
  ])('%i %s is %s', (status, code, expected, fault) => {
    const error = faultOf(status, code);
    expect([error.code, error.fault]).toEqual([expected, fault]);
    expect(`${error.message}${error.stack}`).not.toContain('secret');
  });

  test.each([
    [
      'Anthropic: no credit',
      400,
      { type: 'invalid_request_error', message: 'Your credit balance is too low to go on.' },
      'MODEL_QUOTA',
    ],
    ['Anthropic: key', 401, { type: 'authentication_error', message: secret }, 'MODEL_REFUSED_KEY'],
    [
      'Google: key',
      400,
      { code: 400, status: 'INVALID_ARGUMENT', details: [{ reason: 'API_KEY_INVALID' }] },
      'MODEL_REFUSED_KEY',
    ],
    [
      'Google: quota of the day',
      429,
      { status: 'RESOURCE_EXHAUSTED', details: [{ violations: [{ quotaId: 'GenerateRequestsPerDayPerProject' }] }] },
      'MODEL_QUOTA',
    ],
  ])('is understood as each provider says it: %s', (_name, status, error, code) => {
    expect(faultOfAnswer({ status, headers: {}, body: JSON.stringify({ error }) }, 'm', nowMs).code).toBe(code);
  });

  test('names the time to wait in its body, as Google does', () => {
    const error = { status: 'RESOURCE_EXHAUSTED', details: [{ retryDelay: '21.5s' }] };
    const fault = faultOfAnswer({ status: 429, headers: {}, body: JSON.stringify({ error }) }, 'm', nowMs);
    expect([fault.code, fault.details.retryAfterMs]).toEqual(['MODEL_RATE_LIMITED', 21_500]);
  });

  test('is understood without JSON, too', () => {
    expect(faultOfAnswer({ status: 502, headers: {}, body: '<html>' }, 'm', nowMs).code).toBe('MODEL_UNREACHABLE');
  });
});

test.each([
  [{ 'retry-after': '20' }, 20_000],
  [{ 'retry-after-ms': '250', 'retry-after': '20' }, 250],
  [{ 'retry-after': 'Thu, 01 Jan 2026 00:00:30 GMT' }, 30_000],
  [{ 'retry-after': 'Wed, 31 Dec 2025 00:00:00 GMT' }, 0],
  [{ 'retry-after': '86400' }, 300_000],
  [{ 'retry-after': 'soon' }, undefined],
  [{}, undefined],
])('Retry-After %j', (headers, expected) => {
  expect(readRetryAfterMs(headers, nowMs)).toBe(expected);
});
