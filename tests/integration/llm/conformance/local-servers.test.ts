/** As servers on one's own machine answer: Ollama, LM Studio, llama.cpp. */
import { openAiDialect } from '../../../../src/services/classification/model/providers/openai-dialect.ts';
import { asks, describeLength, describeRefusals, error, has } from './suite.ts';

describeRefusals({
  name: 'Ollama, LM Studio and llama.cpp',
  api: 'openai',
  dialect: openAiDialect('max_tokens'),
  scenarios: [
    {
      says: 'Ollama cannot use a schema',
      refuses: asks('json_schema'),
      answer: error(400, { message: 'invalid JSON schema in format', type: 'invalid_request_error', param: null }),
      learns: ['json_schema'],
    },
    {
      says: 'LM Studio knows schemas or nothing',
      refuses: has('response_format'),
      answer: { status: 400, body: { error: "'response_format.type' must be 'text'" } },
      learns: ['json_object', 'json_schema'],
    },
    {
      says: 'llama.cpp cannot make a grammar of the schema',
      refuses: asks('json_schema'),
      answer: error(400, { code: 400, message: 'Failed to parse grammar', type: 'invalid_request_error' }),
      learns: ['json_schema'],
    },
    {
      says: 'Ollama has no such ability',
      answer: error(400, { message: 'gemma:2b does not support tools', type: 'api_error', param: null, code: null }),
      learns: [],
    },
    {
      says: 'a proxy repeats the request',
      answer: {
        status: 400,
        body: {
          model: 'm',
          temperature: 0,
          max_tokens: 4_096,
          messages: [{ role: 'user', content: '{"error":{"param":"temperature"}}' }],
        },
      },
      learns: [],
    },
    {
      says: 'a proxy answers with a page',
      answer: { status: 400, body: '<html><body>Bad request: temperature, max_tokens, json_schema</body></html>' },
      learns: [],
    },
  ],
});

const local = openAiDialect('max_tokens');

describeLength('Ollama, LM Studio and llama.cpp', 'openai', local, [
  [
    'llama.cpp is given too much',
    error(400, {
      code: 400,
      message:
        'the request exceeds the available context size. try increasing the context size or enable context shift',
      type: 'exceed_context_size_error',
      n_prompt_tokens: 20_000,
      n_ctx: 8_192,
    }),
  ],
  [
    'LM Studio is given too much',
    {
      status: 400,
      body: {
        error:
          'Trying to keep the first 20000 tokens when context the overflows. However, the model is loaded with context length of only 8192 tokens',
      },
    },
  ],
  [
    'Ollama is given too much',
    error(400, { message: 'the input length exceeds the context length', type: 'api_error' }),
  ],
]);
