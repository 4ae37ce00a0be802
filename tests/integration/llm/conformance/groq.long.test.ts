/** As api.groq.com answers. */
import { openAiDialect } from '../../../../src/services/classification/model/providers/openai-dialect.ts';
import { asks, describeFaults, describeLength, describeRefusals, error, has } from './suite.ts';

const type = 'invalid_request_error';

describeRefusals({
  name: 'Groq',
  api: 'openai',
  dialect: openAiDialect('max_tokens'),
  scenarios: [
    {
      says: 'a model has no schemas',
      refuses: asks('json_schema'),
      answer: error(400, {
        message:
          'This model does not support response format `json_schema`. See supported models at https://console.groq.com/docs/structured-outputs#supported-models',
        type,
        param: 'response_format',
      }),
      learns: ['json_schema'],
    },
    {
      says: 'a model has no schemas, and no field says so',
      refuses: asks('json_schema'),
      answer: error(400, { message: 'This model does not support response format `json_schema`.', type }),
      learns: ['json_schema'],
    },
    {
      says: 'a value is not among those allowed',
      refuses: asks('json_schema'),
      answer: error(400, {
        message: "'response_format.type' : value is not one of the allowed values ['text','json_object']",
        type,
      }),
      learns: ['json_schema'],
    },
    {
      says: 'a keyword of the schema is not known',
      refuses: asks('json_schema'),
      answer: error(400, {
        message: 'invalid schema for response format: response_format/json_schema/next_step: anyOf is not supported',
        type,
      }),
      learns: ['json_schema'],
    },
    {
      says: 'a property is not known',
      refuses: has('max_tokens'),
      answer: error(400, {
        message: "property 'max_tokens' is unsupported, did you mean 'max_completion_tokens'?",
        type,
      }),
      learns: ['max_tokens'],
    },
    {
      says: 'a request is too long',
      answer: error(400, {
        message: 'Please reduce the length of the messages or completion.',
        type,
        param: 'messages',
        code: 'context_length_exceeded',
      }),
      learns: [],
    },
  ],
});

const dialect = openAiDialect('max_tokens');

describeFaults('Groq', 'openai', dialect, [
  {
    says: 'its flex tier is full',
    answer: error(498, {
      message: 'Flex tier capacity exceeded',
      type: 'capacity_exceeded',
      code: 'capacity_exceeded',
    }),
    code: 'MODEL_RATE_LIMITED',
    calls: 5,
    row: 'M8',
  },
  {
    says: 'an answer does not follow the schema, with and without a format',
    answer: error(400, {
      message: "Failed to generate JSON. Please adjust your prompt. See 'failed_generation' for more details.",
      type,
      code: 'json_validate_failed',
      failed_generation: 'PALABRAS-DEL-CLIENTE',
    }),
    code: 'MODEL_REPLY_INVALID',
    calls: 4,
    row: 'M8',
  },
  {
    says: 'a spend limit blocks the account',
    answer: error(400, {
      message: 'API access is blocked: the spend limit is reached.',
      type,
      code: 'blocked_api_access',
    }),
    code: 'MODEL_QUOTA',
    row: 'M6',
  },
  {
    says: 'a model has ended',
    answer: error(400, { message: 'The model `x` has been decommissioned.', type, code: 'model_decommissioned' }),
    code: 'MODEL_REFUSED_KEY',
    row: 'M5',
  },
  {
    says: 'the tokens of the day are used up',
    answer: {
      ...error(429, {
        message: 'Rate limit reached for model `x` on tokens per day (TPD)',
        type: 'tokens',
        code: 'rate_limit_exceeded',
      }),
      headers: { 'retry-after': '420' },
    },
    code: 'MODEL_RATE_LIMITED',
    row: 'M6',
  },
]);

describeLength('Groq', 'openai', dialect, [
  [
    'a request is larger than the limit for a minute',
    error(413, {
      message:
        'Request too large for model `x` in organization `o` on tokens per minute (TPM): Limit 6000, Requested 24000',
      type: 'tokens',
      code: 'rate_limit_exceeded',
    }),
  ],
  [
    'a request is too long',
    error(400, {
      message: 'Please reduce the length of the messages or completion.',
      type,
      code: 'context_length_exceeded',
    }),
  ],
]);
