/** As Azure OpenAI answers. */
import { openAiDialect } from '../../../../src/services/classification/model/providers/openai-dialect.ts';
import { asks, describeFaults, describeLength, describeRefusals, error, has } from './suite.ts';

describeRefusals({
  name: 'Azure',
  api: 'openai',
  dialect: openAiDialect('max_completion_tokens'),
  scenarios: [
    {
      says: 'an old API version does not know max_completion_tokens',
      refuses: has('max_completion_tokens'),
      answer: error(400, {
        message: 'Unrecognized request argument supplied: max_completion_tokens',
        type: 'invalid_request_error',
        param: null,
        code: null,
      }),
      learns: ['max_completion_tokens'],
      sends: { max_tokens: 4_096 },
    },
    {
      says: 'an old API version does not know schemas',
      refuses: asks('json_schema'),
      answer: error(400, {
        message: 'response_format value as json_schema is enabled only for api versions 2024-08-01-preview and later',
        type: '',
        param: '',
        code: 'BadRequest',
      }),
      learns: ['json_schema'],
    },
    {
      says: 'a reasoning deployment takes no temperature',
      refuses: has('temperature'),
      answer: error(400, {
        message: "Unsupported parameter: 'temperature' is not supported with this model.",
        type: 'invalid_request_error',
        param: 'temperature',
        code: null,
      }),
      learns: ['temperature'],
    },
    {
      says: 'its content filter refuses a transcript',
      answer: error(400, {
        message:
          "The response was filtered due to the prompt triggering Azure OpenAI's content management policy. Please modify your prompt and retry.",
        type: null,
        param: 'prompt',
        code: 'content_filter',
        status: 400,
        innererror: { code: 'ResponsibleAIPolicyViolation', content_filter_result: { hate: { filtered: true } } },
      }),
      learns: [],
    },
  ],
});

const dialect = openAiDialect('max_completion_tokens');
const azure = (status: number, code: string, message: string) => error(status, { code, message });

describeFaults('Azure', 'openai', dialect, [
  {
    says: 'a key is wrong',
    answer: azure(401, '401', 'Access denied due to invalid subscription key or wrong API endpoint.'),
    code: 'MODEL_REFUSED_KEY',
    row: 'M5',
  },
  {
    says: 'a network is not allowed',
    answer: azure(403, 'AccessDenied', 'Access denied due to Virtual Network/Firewall rules.'),
    code: 'MODEL_REFUSED_KEY',
    row: 'M5',
  },
  {
    says: 'there is no such deployment',
    answer: azure(404, 'DeploymentNotFound', 'The API deployment for this resource does not exist.'),
    code: 'MODEL_REFUSED_KEY',
    row: 'M5',
  },
  {
    says: 'the quota of calls is used up',
    answer: azure(403, '403', 'Out of call volume quota. Quota will be replenished in 12.00:00:00.'),
    code: 'MODEL_QUOTA',
    row: 'M6',
  },
  {
    says: 'a deployment is busy',
    answer: azure(429, '429', 'Requests to the ChatCompletions_Create Operation have exceeded token rate limit.'),
    code: 'MODEL_RATE_LIMITED',
    calls: 5,
    row: 'M8',
  },
  {
    says: 'its filter stops the answer',
    answer: {
      status: 200,
      body: { model: 'm', choices: [{ message: { role: 'assistant', content: '' }, finish_reason: 'content_filter' }] },
    },
    code: 'MODEL_REFUSED_CONTENT',
    row: 'M5',
  },
]);

describeLength('Azure', 'openai', dialect, [
  [
    'a deployment is given too much',
    error(400, {
      message: "This model's maximum context length is 16385 tokens. However, your messages resulted in 20000 tokens.",
      type: 'invalid_request_error',
      param: 'messages',
      code: 'context_length_exceeded',
    }),
  ],
]);
