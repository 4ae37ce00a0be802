/** As Azure OpenAI answers. */
import { openAiDialect } from '../../../../src/services/classification/model/providers/openai-dialect.ts';
import { asks, describeRefusals, error, has } from './suite.ts';

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
