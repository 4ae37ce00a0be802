/** As api.mistral.ai answers: a validator's list, in three places by now. */
import { openAiDialect } from '../../../../src/services/classification/model/providers/openai-dialect.ts';
import { describeFaults, describeLength, describeRefusals, has } from './suite.ts';

const extra = (loc: readonly unknown[], input: unknown) => [
  { type: 'extra_forbidden', loc, msg: 'Extra inputs are not permitted', input },
];
const limit = extra(['body', 'max_completion_tokens'], 32_000);
const kind = { object: 'error', type: 'invalid_request_error', param: null };
const learns = ['max_completion_tokens'];
const refuses = has('max_completion_tokens');

describeRefusals({
  name: 'Mistral',
  api: 'openai',
  dialect: openAiDialect('max_completion_tokens'),
  scenarios: [
    {
      says: 'a list in the message names the limit',
      refuses,
      answer: { status: 422, body: { ...kind, message: { detail: limit }, code: null } },
      learns,
      sends: { max_tokens: 4_096 },
    },
    {
      says: 'a list beside the message names the limit',
      refuses,
      answer: { status: 422, body: { ...kind, detail: limit, message: limit, code: 3_001 } },
      learns,
    },
    {
      says: 'a list as text in the message names the limit',
      refuses,
      answer: { status: 422, body: { ...kind, message: JSON.stringify({ detail: limit }), code: '1000' } },
      learns,
    },
    {
      says: 'a bare list names the limit',
      refuses,
      answer: { status: 422, body: { detail: limit } },
      learns,
    },
    {
      says: 'a list repeats a request in its input',
      answer: {
        status: 422,
        body: {
          ...kind,
          message: {
            detail: extra(['body', 'messages', 0, 'x'], {
              temperature: 0,
              error: { param: 'temperature', message: "Unsupported parameter: 'temperature'" },
            }),
          },
        },
      },
      learns: [],
    },
    {
      says: 'a transcript is too long',
      answer: {
        status: 400,
        body: {
          ...kind,
          message:
            'Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length',
          code: 3_051,
        },
      },
      learns: [],
    },
  ],
});

const dialect = openAiDialect('max_tokens');

describeFaults('Mistral', 'openai', dialect, [
  {
    says: 'there is no such model',
    answer: { status: 400, body: { ...kind, message: 'Invalid model: x', type: 'invalid_model', code: '1500' } },
    code: 'MODEL_REFUSED_KEY',
    row: 'M5',
  },
  {
    says: 'its tier is full',
    answer: { status: 429, body: { ...kind, message: 'Service tier capacity exceeded for this model.', code: '3505' } },
    code: 'MODEL_RATE_LIMITED',
    calls: 5,
    row: 'M8',
  },
  {
    says: 'a model stops with an error',
    answer: {
      status: 200,
      body: { model: 'm', choices: [{ message: { role: 'assistant', content: '{' }, finish_reason: 'error' }] },
    },
    code: 'MODEL_UNREACHABLE',
    calls: 2,
    row: 'M8',
  },
]);

describeLength('Mistral', 'openai', dialect, [
  [
    'a prompt is too long',
    {
      status: 400,
      body: {
        ...kind,
        message:
          'Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length',
        code: 3_051,
      },
    },
  ],
  [
    'the answer ends with the context',
    {
      status: 200,
      body: { model: 'm', choices: [{ message: { role: 'assistant', content: '{' }, finish_reason: 'model_length' }] },
    },
  ],
]);
