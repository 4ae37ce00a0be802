/** As api.deepseek.com answers, on its own endpoint and on the one for Anthropic's clients. */
import { anthropicDialect } from '../../../../src/services/classification/model/providers/anthropic-dialect.ts';
import { openAiDialect } from '../../../../src/services/classification/model/providers/openai-dialect.ts';
import { asks, describeRefusals, error, has } from './suite.ts';

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
