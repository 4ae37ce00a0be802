import { describe, expect, test } from 'vitest';
import { faultOfAnswer, readRetryAfterMs } from '../../../../../src/services/classification/llm/provider-fault.ts';

const nowMs = Date.parse('2026-01-01T00:00:00Z');
const secret = 'sk-secret and what the client said';
const faultOf = (status: number, code: string | null = null, headers: Record<string, string> = {}, type = 'x') =>
  faultOfAnswer(
    { status, headers, body: JSON.stringify({ error: { message: secret, type, code } }) },
    'The model m at h',
    nowMs,
  );

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
    [400, 'content_filter', 'MODEL_REFUSED', 'permanent'],
    [400, 'context_length_exceeded', 'MODEL_REQUEST_REFUSED', 'permanent'],
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
