/** As openrouter.ai answers: the provider's own error is a text inside its own. */
import { openAiDialect } from '../../../../src/services/classification/model/providers/openai-dialect.ts';
import { asks, describeRefusals, error, has } from './suite.ts';

const wrapped = (raw: unknown) =>
  error(400, {
    message: 'Provider returned error',
    code: 400,
    metadata: { raw: typeof raw === 'string' ? raw : JSON.stringify(raw), provider_name: 'OpenAI' },
  });

describeRefusals({
  name: 'OpenRouter',
  api: 'openai',
  dialect: openAiDialect('max_tokens'),
  scenarios: [
    {
      says: 'the provider takes no temperature',
      refuses: has('temperature'),
      answer: wrapped({
        error: {
          message: "Unsupported parameter: 'temperature' is not supported with this model.",
          type: 'invalid_request_error',
          param: 'temperature',
          code: null,
        },
      }),
      learns: ['temperature'],
    },
    {
      says: 'the provider answers in words',
      refuses: has('temperature'),
      answer: wrapped('`temperature` is deprecated for this model.'),
      learns: ['temperature'],
    },
    {
      says: 'no provider has all that is asked for',
      refuses: asks('json_schema'),
      answer: error(404, {
        message:
          'No endpoints found that can handle the requested parameters. To learn more about provider routing, visit: https://openrouter.ai/docs/guides/routing/provider-selection',
        code: 404,
      }),
      learns: ['json_schema', 'temperature'],
      sends: { response_format: { type: 'json_object' } },
    },
    {
      says: 'the provider refuses a transcript for its content',
      answer: wrapped({ error: { message: 'Flagged by moderation', param: 'temperature', code: 'content_policy' } }),
      learns: [],
    },
  ],
});
