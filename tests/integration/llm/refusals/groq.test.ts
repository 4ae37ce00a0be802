/** As api.groq.com answers. */
import { openAiDialect } from '../../../../src/services/classification/model/providers/openai-dialect.ts';
import { asks, describeRefusals, error, has } from './suite.ts';

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
