/** As openrouter.ai answers: the provider's own error is a text inside its own. */
import { openAiDialect } from '../../../../src/services/classification/model/providers/openai-dialect.ts';
import { asks, describeFaults, describeLength, describeRefusals, describeReplies, error, has } from './suite.ts';

const wrapped = (raw: unknown) =>
  error(400, {
    message: 'Provider returned error',
    code: 400,
    metadata: { raw: typeof raw === 'string' ? raw : JSON.stringify(raw), provider_name: 'OpenAI' },
  });

describeRefusals({
  name: 'OpenRouter',
  api: 'openai',
  dialect: openAiDialect('max_tokens'),
  scenarios: [
    {
      says: 'the provider takes no temperature',
      refuses: has('temperature'),
      answer: wrapped({
        error: {
          message: "Unsupported parameter: 'temperature' is not supported with this model.",
          type: 'invalid_request_error',
          param: 'temperature',
          code: null,
        },
      }),
      learns: ['temperature'],
    },
    {
      says: 'the provider answers in words',
      refuses: has('temperature'),
      answer: wrapped('`temperature` is deprecated for this model.'),
      learns: ['temperature'],
    },
    {
      says: 'no provider has all that is asked for',
      refuses: asks('json_schema'),
      answer: error(404, {
        message:
          'No endpoints found that can handle the requested parameters. To learn more about provider routing, visit: https://openrouter.ai/docs/guides/routing/provider-selection',
        code: 404,
      }),
      learns: ['json_schema', 'temperature'],
      sends: { response_format: { type: 'json_object' } },
    },
    {
      says: 'the provider refuses a transcript for its content',
      answer: wrapped({ error: { message: 'Flagged by moderation', param: 'temperature', code: 'content_policy' } }),
      learns: [],
    },
  ],
});

const dialect = openAiDialect('max_tokens');
const within200 = (body: unknown) => ({ status: 200, body });
const choice = (more: Readonly<Record<string, unknown>>) =>
  within200({ model: 'm', choices: [{ message: { role: 'assistant', content: '' }, ...more }] });

describeFaults('OpenRouter', 'openai', dialect, [
  {
    says: 'there is no credit',
    answer: error(402, { code: 402, message: 'This request requires more credits, or fewer max_tokens.' }),
    code: 'MODEL_QUOTA',
    row: 'M6',
  },
  {
    says: 'open requests use up what may be spent at once',
    answer: {
      ...error(402, { code: 402, message: 'x', metadata: { limit_source: 'openrouter_in_flight_budget' } }),
      headers: { 'retry-after': '30' },
    },
    code: 'MODEL_RATE_LIMITED',
    row: 'M6',
  },
  {
    says: 'free calls of the day are used up',
    answer: error(429, { code: 429, message: 'Rate limit exceeded: free-models-per-day. Add 10 credits' }),
    code: 'MODEL_QUOTA',
    row: 'M6',
  },
  {
    says: 'a success holds a 402',
    answer: within200({ error: { code: 402, message: 'Insufficient credits' } }),
    code: 'MODEL_QUOTA',
    row: 'M6',
  },
  {
    says: 'a success holds a 502',
    answer: within200({ error: { code: 502, message: 'Provider returned error' }, user_id: 'u' }),
    code: 'MODEL_UNREACHABLE',
    calls: 5,
    row: 'M8',
  },
  {
    says: 'a success holds a 429',
    answer: within200({ error: { code: 429, message: 'Provider returned error' } }),
    code: 'MODEL_RATE_LIMITED',
    calls: 5,
    row: 'M8',
  },
  {
    says: 'a success holds an error without a number',
    answer: within200({ error: { code: 'server_error', message: 'x' } }),
    code: 'MODEL_UNREACHABLE',
    calls: 5,
    row: 'M8',
  },
  {
    says: 'a success holds a moderation',
    answer: within200({ error: { code: 403, message: 'x', metadata: { reasons: ['violence'], flagged_input: 'x' } } }),
    code: 'MODEL_REFUSED_CONTENT',
    row: 'M8',
  },
  {
    says: 'a choice holds an error',
    answer: choice({ finish_reason: 'error', error: { code: 502, message: 'Upstream idle timeout exceeded' } }),
    code: 'MODEL_UNREACHABLE',
    calls: 5,
    row: 'M8',
  },
  {
    says: 'a choice ends with an error',
    answer: choice({ finish_reason: 'error', native_finish_reason: 'error' }),
    code: 'MODEL_UNREACHABLE',
    calls: 2,
    row: 'M8',
  },
  {
    says: 'there is no such model',
    answer: error(400, { code: 400, message: 'openai/gpt-x is not a valid model ID' }),
    code: 'MODEL_REFUSED_KEY',
    row: 'M5',
  },
]);

describeLength('OpenRouter', 'openai', dialect, [
  [
    'a provider is given too much',
    error(400, {
      code: 400,
      message:
        "This endpoint's maximum context length is 8192 tokens. However, you requested about 24000 tokens (20000 of text input, 4000 in the output).",
    }),
  ],
  [
    'the provider says so inside',
    wrapped({ error: { message: 'x', type: 'invalid_request_error', code: 'context_length_exceeded' } }),
  ],
  ['the provider says so in words', wrapped('prompt is too long: 214315 tokens > 200000 maximum')],
  [
    'a success holds it',
    within200({ error: { code: 400, message: "This endpoint's maximum context length is 8192 tokens." } }),
  ],
]);

const paid = (usage: Readonly<Record<string, unknown>>) => (answer: string) => ({
  model: 'vendor/unknown-model',
  choices: [{ message: { role: 'assistant', content: answer }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 1_000, completion_tokens: 200, total_tokens: 1_200, ...usage },
});

describeReplies('OpenRouter', 'openai', dialect, [
  {
    says: 'it says what a call costs',
    body: paid({ cost: 0.00042, is_byok: false }),
    usage: { inputTokens: 1_000, outputTokens: 200, costUsd: 0.00042 },
    row: 'M9',
  },
  {
    says: "with a provider's key of one's own, the provider's part is added",
    body: paid({ cost: 0.00002, is_byok: true, cost_details: { upstream_inference_cost: 0.0004 } }),
    usage: { inputTokens: 1_000, outputTokens: 200, costUsd: 0.00042 },
    row: 'M9',
  },
  {
    says: 'a model without a price has no cost',
    body: paid({}),
    usage: { inputTokens: 1_000, outputTokens: 200, costUsd: null },
    row: 'M9',
  },
]);
