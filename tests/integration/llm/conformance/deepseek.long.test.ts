/** As api.deepseek.com answers, on its own endpoint and on the one for Anthropic's clients. */
import { anthropicDialect } from '../../../../src/services/classification/model/providers/anthropic-dialect.ts';
import { openAiDialect } from '../../../../src/services/classification/model/providers/openai-dialect.ts';
import { asks, describeFaults, describeLength, describeRefusals, describeReplies, error, has } from './suite.ts';

const kind = { type: 'invalid_request_error', param: null, code: 'invalid_request_error' };

describeRefusals({
  name: 'DeepSeek',
  api: 'openai',
  dialect: openAiDialect('max_tokens'),
  scenarios: [
    {
      says: 'it has no schemas',
      refuses: asks('json_schema'),
      answer: error(400, { message: 'This response_format type is unavailable now', ...kind }),
      learns: ['json_schema'],
      sends: { response_format: { type: 'json_object' } },
    },
    {
      says: 'it could not read the format',
      refuses: asks('json_schema'),
      answer: error(422, {
        message:
          'Failed to deserialize the JSON body into the target type: response_format: response_format.type `json_schema` is unavailable now at line 1 column 12440',
        ...kind,
      }),
      learns: ['json_schema'],
    },
    {
      says: 'a client before it repeats its words',
      refuses: asks('json_schema'),
      answer: error(400, { message: 'response_format.type `json_schema` is unavailable now', ...kind }),
      learns: ['json_schema'],
    },
    {
      says: 'a message could not be read',
      answer: error(422, {
        message:
          'Failed to deserialize the JSON body into the target type: messages[1]: invalid type: sequence, expected a string at line 17 column 3',
        ...kind,
      }),
      learns: [],
    },
  ],
});

describeRefusals({
  name: "DeepSeek's endpoint for Anthropic clients",
  api: 'anthropic',
  dialect: anthropicDialect,
  scenarios: [
    {
      says: 'it is not forced to call a tool while it thinks',
      refuses: has('tool_choice'),
      answer: error(400, { message: 'Thinking mode does not support this tool_choice', ...kind }),
      learns: ['forced tool'],
    },
  ],
});

const dialect = openAiDialect('max_tokens');

describeFaults('DeepSeek', 'openai', dialect, [
  {
    says: 'there is no balance',
    answer: error(402, {
      message: 'Insufficient Balance',
      type: 'unknown_error',
      param: null,
      code: 'invalid_request_error',
    }),
    code: 'MODEL_QUOTA',
    row: 'M6',
  },
  {
    says: 'there is no such model',
    answer: error(400, {
      message: 'Model Not Exist',
      type: 'invalid_request_error',
      param: null,
      code: 'invalid_request_error',
    }),
    code: 'MODEL_REFUSED_KEY',
    row: 'M5',
  },
  {
    says: 'it has no resources left for an answer',
    answer: {
      status: 200,
      body: {
        model: 'm',
        choices: [{ message: { role: 'assistant', content: '' }, finish_reason: 'insufficient_system_resource' }],
      },
    },
    code: 'MODEL_UNREACHABLE',
    calls: 2,
    row: 'M8',
  },
  {
    says: 'its JSON mode answers with white space, twice',
    answer: {
      status: 200,
      body: { model: 'm', choices: [{ message: { role: 'assistant', content: ' \n\n ' }, finish_reason: 'stop' }] },
    },
    code: 'MODEL_REPLY_INVALID',
    calls: 2,
    row: 'M8',
  },
]);

describeLength('DeepSeek', 'openai', dialect, [
  [
    'a prompt is too long',
    error(400, {
      message:
        "This model's maximum context length is 65536 tokens. However, you requested 90000 tokens (85904 in the messages, 4096 in the completion).",
      type: 'invalid_request_error',
      param: null,
      code: 'invalid_request_error',
    }),
  ],
]);

describeReplies('DeepSeek', 'openai', dialect, [
  {
    says: 'it counts hits of its cache under a name of its own',
    body: (answer) => ({
      model: 'model-of-tests',
      choices: [{ message: { role: 'assistant', content: answer, reasoning_content: 'x' }, finish_reason: 'stop' }],
      usage: {
        prompt_tokens: 1_000,
        prompt_cache_hit_tokens: 600,
        prompt_cache_miss_tokens: 400,
        completion_tokens: 200,
        total_tokens: 1_200,
      },
    }),
    usage: { inputTokens: 1_000, outputTokens: 200, costUsd: 0.4 + 0.06 + 0.4 },
    row: 'M9',
  },
]);
