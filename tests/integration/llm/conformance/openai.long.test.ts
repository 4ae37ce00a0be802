/** As platform.openai.com answers. */
import { openAiDialect } from '../../../../src/services/classification/model/providers/openai-dialect.ts';
import { asks, describeFaults, describeLength, describeRefusals, describeReplies, error, has } from './suite.ts';

const type = 'invalid_request_error';

describeRefusals({
  name: 'OpenAI',
  api: 'openai',
  dialect: openAiDialect('max_tokens'),
  scenarios: [
    {
      says: 'a reasoning model takes the default temperature alone',
      refuses: has('temperature'),
      answer: error(400, {
        message:
          "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) value is supported.",
        type,
        param: 'temperature',
        code: 'unsupported_value',
      }),
      learns: ['temperature'],
      sends: { max_tokens: 4_096 },
    },
    {
      says: 'a reasoning model wants max_completion_tokens',
      refuses: has('max_tokens'),
      answer: error(400, {
        message:
          "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
        type,
        param: 'max_tokens',
        code: 'unsupported_parameter',
      }),
      learns: ['max_tokens'],
      sends: { max_completion_tokens: 4_096, temperature: 0 },
    },
    {
      says: 'an old model knows JSON but no schema',
      refuses: asks('json_schema'),
      answer: error(400, {
        message:
          "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model. Learn more about supported models at the Structured Outputs guide: https://platform.openai.com/docs/guides/structured-outputs",
        type,
        param: null,
        code: null,
      }),
      learns: ['json_schema'],
      sends: { response_format: { type: 'json_object' } },
    },
    {
      says: 'a model takes no format at all',
      refuses: has('response_format'),
      answer: error(400, { message: 'Not here.', type, param: 'response_format', code: 'unsupported_parameter' }),
      learns: ['json_object', 'json_schema'],
    },
    {
      says: 'a schema is too much for it',
      refuses: asks('json_schema'),
      answer: error(400, {
        message: "Invalid schema for response_format 'labels': too many enum values.",
        type,
        param: 'response_format',
        code: null,
      }),
      learns: ['json_schema'],
    },
    {
      says: 'an early reasoning model has no system role',
      refuses: ({ messages }) => JSON.stringify(messages).includes('"role":"system"'),
      answer: error(400, {
        message: "Unsupported value: 'messages[0].role' does not support 'system' with this model.",
        type,
        param: 'messages[0].role',
        code: 'unsupported_value',
      }),
      learns: ['system role'],
    },
    {
      says: 'the transcript is too long',
      answer: error(400, {
        message:
          "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens (4904 in the messages, 4096 in the completion). Please reduce the length of the messages or max_tokens.",
        type,
        param: 'messages',
        code: 'context_length_exceeded',
      }),
      learns: [],
      fitsWithoutLimit: true,
    },
    {
      says: 'a length is complained of under the name of a parameter',
      answer: error(400, {
        message: 'max_tokens plus the prompt go over the context window. Please reduce the length.',
        type,
        param: 'max_tokens',
        code: 'context_length_exceeded',
      }),
      learns: [],
      fitsWithoutLimit: true,
    },
    {
      says: 'the prompt is refused for its content',
      answer: error(400, {
        message: 'Invalid prompt: we limited access to this content for safety reasons. temperature',
        type,
        param: null,
        code: 'invalid_prompt',
      }),
      learns: [],
    },
    {
      says: 'an error repeats words of the request',
      answer: error(400, {
        message:
          'Bad request: {"model":"m","temperature":0,"max_tokens":4096,"response_format":{"type":"json_schema"}}',
        type,
        param: null,
        code: null,
      }),
      learns: [],
    },
  ],
});

const dialect = openAiDialect('max_completion_tokens');
const quota = 'You exceeded your current quota, please check your plan and billing details.';

describeFaults('OpenAI', 'openai', dialect, [
  {
    says: 'its quota is used up',
    answer: error(429, { message: quota, type: 'insufficient_quota', param: null, code: 'insufficient_quota' }),
    code: 'MODEL_QUOTA',
    row: 'M6',
  },
  {
    says: 'its credit is used up',
    answer: error(429, { message: 'No credit is left.', type: 'billing_error', code: 'credit_balance_exhausted' }),
    code: 'MODEL_QUOTA',
    row: 'M6',
  },
  {
    says: 'a limit of the project is reached',
    answer: error(400, { message: 'Billing hard limit has been reached.', type, code: 'billing_hard_limit_reached' }),
    code: 'MODEL_QUOTA',
    row: 'M6',
  },
  {
    says: 'a model has ended',
    answer: error(404, {
      message: 'The model `gpt-x` has been deprecated.',
      type,
      param: null,
      code: 'model_not_found',
    }),
    code: 'MODEL_REFUSED_KEY',
    row: 'M5',
  },
  {
    says: 'it is called from a country that it does not serve',
    answer: error(403, {
      message: 'Country, region, or territory not supported',
      type: 'request_forbidden',
      param: null,
      code: 'unsupported_country_region_territory',
    }),
    code: 'MODEL_REFUSED_KEY',
    row: 'M5',
  },
  {
    says: 'it is slow',
    answer: error(429, { message: 'Slow down.', type, code: 'slow_down' }),
    code: 'MODEL_RATE_LIMITED',
    calls: 5,
    row: 'M8',
  },
  {
    says: 'an answer has nothing in it, twice',
    answer: {
      status: 200,
      body: { model: 'm', choices: [{ message: { role: 'assistant', content: '' }, finish_reason: 'stop' }] },
    },
    code: 'MODEL_REPLY_INVALID',
    calls: 2,
    row: 'M8',
  },
]);

describeLength('OpenAI', 'openai', dialect, [
  [
    'a model is given too much',
    error(400, {
      message: "This model's maximum context length is 8192 tokens. However, your messages resulted in 20000 tokens.",
      type,
      param: 'messages',
      code: 'context_length_exceeded',
    }),
  ],
  [
    'prompt and answer are too much together',
    error(400, {
      message:
        "This model's maximum context length is 8192 tokens. However, you requested 24096 tokens (20000 in the messages, 4096 in the completion). Please reduce the length of the messages or completion.",
      type,
      param: 'messages',
      code: 'context_length_exceeded',
    }),
  ],
  [
    'one request is larger than the limit for a minute',
    error(429, {
      message:
        'Request too large for gpt-4o in organization org-x on tokens per min (TPM): Limit 10000, Requested 24000. The input or output tokens must be reduced in order to run successfully.',
      type: 'tokens',
      param: null,
      code: 'rate_limit_exceeded',
    }),
  ],
  ['a gateway in between takes no body of this size', { status: 413, body: '<html>Payload Too Large</html>' }],
]);

const completion = (content: string, usage: unknown) => ({
  model: 'model-of-tests',
  choices: [{ message: { role: 'assistant', content }, finish_reason: 'stop' }],
  usage,
});

describeReplies('OpenAI', 'openai', dialect, [
  {
    says: 'cached input and cache writes have prices of their own',
    body: (answer) =>
      completion(answer, {
        prompt_tokens: 5_000,
        completion_tokens: 300,
        total_tokens: 5_300,
        prompt_tokens_details: { cached_tokens: 3_000, cache_write_tokens: 1_000 },
        completion_tokens_details: { reasoning_tokens: 100 },
      }),
    usage: { inputTokens: 5_000, outputTokens: 300, costUsd: 1 + 0.3 + 1.25 + 0.6 },
    row: 'M9',
  },
  {
    says: 'a model with its date has the price of the plain one',
    body: (answer) => ({
      ...completion(answer, { prompt_tokens: 1_000, completion_tokens: 100 }),
      model: 'model-of-tests-2026-01-01',
    }),
    usage: { inputTokens: 1_000, outputTokens: 100, costUsd: 1.2 },
    row: 'M9',
  },
]);
