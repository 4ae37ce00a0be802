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
    [401, 'invalid_api_key', 'LLM_REFUSED_KEY', 'throttled'],
    [403, null, 'LLM_REFUSED_KEY', 'throttled'],
    [404, 'model_not_found', 'LLM_REFUSED_KEY', 'throttled'],
    [402, null, 'LLM_QUOTA', 'throttled'],
    [429, 'insufficient_quota', 'LLM_QUOTA', 'throttled'],
    [429, 'rate_limit_exceeded', 'LLM_RATE_LIMITED', 'throttled'],
    [503, null, 'LLM_RATE_LIMITED', 'throttled'],
    [529, 'overloaded_error', 'LLM_RATE_LIMITED', 'throttled'],
    [500, 'server_error', 'LLM_UNREACHABLE', 'transient'],
    [502, null, 'LLM_UNREACHABLE', 'transient'],
    [504, null, 'LLM_UNREACHABLE', 'transient'],
    [408, null, 'LLM_UNREACHABLE', 'transient'],
    [400, 'content_filter', 'LLM_REFUSED', 'permanent'],
    [400, 'context_length_exceeded', 'LLM_REQUEST_REFUSED', 'permanent'],
    [422, null, 'LLM_REQUEST_REFUSED', 'permanent'],
    [301, null, 'LLM_REQUEST_REFUSED', 'permanent'],
  ])('%i %s is %s', (status, code, expected, fault) => {
    const error = faultOf(status, code);
    expect([error.code, error.fault]).toEqual([expected, fault]);
    expect(`${error.message}${error.stack}`).not.toContain('secret');
  });

  test('is understood without JSON, too', () => {
    expect(faultOfAnswer({ status: 502, headers: {}, body: '<html>' }, 'm', nowMs).code).toBe('LLM_UNREACHABLE');
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
