/** As vLLM answers: its validator's list is written as Python writes it. */
import { openAiDialect } from '../../../../src/services/classification/model/providers/openai-dialect.ts';
import { asks, describeFaults, describeLength, describeRefusals, error, has } from './suite.ts';

const kind = { object: 'error', type: 'BadRequestError', param: null, code: 400 };

describeRefusals({
  name: 'vLLM',
  api: 'openai',
  dialect: openAiDialect('max_completion_tokens'),
  scenarios: [
    {
      says: 'an old version does not know max_completion_tokens',
      refuses: has('max_completion_tokens'),
      answer: {
        status: 400,
        body: {
          ...kind,
          message:
            "[{'type': 'extra_forbidden', 'loc': ('body', 'max_completion_tokens'), 'msg': 'Extra inputs are not permitted', 'input': 800}]",
        },
      },
      learns: ['max_completion_tokens'],
      sends: { max_tokens: 4_096 },
    },
    {
      says: 'a new version counts its errors',
      refuses: asks('json_schema'),
      answer: error(400, {
        message:
          "1 validation error:\n  {'type': 'literal_error', 'loc': ('body', 'response_format', 'type'), 'msg': \"Input should be 'text' or 'json_object'\", 'input': 'json_schema'}",
        type: 'Bad Request',
        param: null,
        code: 400,
      }),
      learns: ['json_schema'],
    },
    {
      says: 'its grammar does not know a part of the schema',
      refuses: asks('json_schema'),
      answer: {
        status: 400,
        body: { ...kind, message: 'The provided JSON schema contains features not supported by xgrammar.' },
      },
      learns: ['json_schema'],
    },
    {
      says: 'a template has no system role',
      refuses: ({ messages }) => JSON.stringify(messages).includes('"role":"system"'),
      answer: { status: 400, body: { ...kind, message: 'System role not supported' } },
      learns: ['system role'],
    },
    {
      says: 'a message is refused, with the request in its input',
      answer: {
        status: 400,
        body: {
          ...kind,
          message:
            "[{'type': 'string_type', 'loc': ('body', 'messages', 0, 'content'), 'msg': 'Input should be a valid string', 'input': {'loc': ('body', 'temperature'), 'max_completion_tokens': 1}}]",
        },
      },
      learns: [],
    },
    {
      says: 'what is asked for is longer than its context',
      answer: {
        status: 400,
        body: {
          ...kind,
          message:
            "'max_tokens' or 'max_completion_tokens' is too large: 4096. This model's maximum context length is 4096 tokens and your request has 1500 input tokens (4096 > 4096 - 1500).",
        },
      },
      learns: [],
      fitsWithoutLimit: true,
    },
  ],
});

const dialect = openAiDialect('max_tokens');
const tooMuch = (message: string) => ({ status: 400, body: { ...kind, message } });

describeFaults('vLLM', 'openai', dialect, [
  {
    says: 'there is no such model',
    answer: {
      status: 404,
      body: { object: 'error', message: 'The model `x` does not exist.', type: 'NotFoundError', code: 404 },
    },
    code: 'MODEL_REFUSED_KEY',
    row: 'M5',
  },
  {
    says: 'its engine is dead',
    answer: {
      status: 500,
      body: { object: 'error', message: 'EngineCore died', type: 'InternalServerError', code: 500 },
    },
    code: 'MODEL_UNREACHABLE',
    calls: 5,
    row: 'M8',
  },
]);

describeLength('vLLM', 'openai', dialect, [
  [
    'a prompt is longer than its context',
    tooMuch(
      "This model's maximum context length is 8192 tokens. However, your request has 20000 input tokens. Please reduce the length of the input messages.",
    ),
  ],
  [
    'prompt and answer are longer than its context',
    tooMuch(
      "'max_tokens' or 'max_completion_tokens' is too large: 4096. This model's maximum context length is 8192 tokens and your request has 20000 input tokens (4096 > 8192 - 20000).",
    ),
  ],
  [
    'an old version words it otherwise',
    tooMuch('The decoder prompt (length 20000) is longer than the maximum model length of 8192.'),
  ],
]);
