/** As api.together.xyz answers. */
import { openAiDialect } from '../../../../src/services/classification/model/providers/openai-dialect.ts';
import { asks, describeRefusals, error } from './suite.ts';

describeRefusals({
  name: 'Together',
  api: 'openai',
  dialect: openAiDialect('max_tokens'),
  scenarios: [
    {
      says: 'a model has no schemas',
      refuses: asks('json_schema'),
      answer: error(400, {
        message: 'JSON mode with a schema is not available here.',
        type: 'invalid_request_error',
        param: 'response_format',
        code: 'invalid_parameter',
      }),
      learns: ['json_schema'],
    },
    {
      says: 'a model takes no format, and no field says so',
      refuses: asks('json_schema'),
      answer: error(400, {
        message: 'response_format is not supported for this model',
        type: 'invalid_request_error',
        param: null,
        code: null,
      }),
      learns: ['json_schema'],
    },
    {
      says: 'a transcript is too long',
      answer: error(422, {
        message:
          'Input validation error: `inputs` tokens + `max_new_tokens` must be <= 8193. Given: 9000 `inputs` tokens',
        type: 'invalid_request_error',
        param: 'max_tokens',
        code: null,
      }),
      learns: [],
    },
  ],
});
