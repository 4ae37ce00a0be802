/** As servers on one's own machine answer: Ollama, LM Studio, llama.cpp. */
import { openAiDialect } from '../../../../src/services/classification/model/providers/openai-dialect.ts';
import { asks, describeLength, describeRefusals, describeReplies, error, has } from './suite.ts';

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

const message = (more: Readonly<Record<string, unknown>>) => ({
  model: 'm',
  choices: [{ message: { role: 'assistant', content: null, ...more }, finish_reason: 'stop' }],
});
const stringified = (answer: string) => {
  const value: { fields: unknown } = JSON.parse(answer);
  return JSON.stringify({ ...value, fields: JSON.stringify(value.fields) });
};

describeReplies('Ollama, LM Studio and llama.cpp', 'openai', local, [
  {
    says: 'reasoning stands before it',
    body: (answer) => message({ content: `<think>{"fields": {}} or {x}?</think>\n${answer}` }),
    row: 'M3',
  },
  {
    says: 'reasoning stands before it without its beginning',
    body: (answer) => message({ content: `hm {…} \n</think>\n\n${answer}` }),
    row: 'M3',
  },
  {
    says: 'channels stand before it',
    body: (answer) =>
      message({ content: `<|channel|>analysis<|message|>{}<|end|><|channel|>final<|message|>${answer}` }),
    row: 'M3',
  },
  {
    says: 'a code fence holds it',
    body: (answer) => message({ content: `Here it is:\n\`\`\`json\n${answer}\n\`\`\`\nDone.` }),
    row: 'M3',
  },
  {
    says: 'the second code fence holds it',
    body: (answer) => message({ content: `\`\`\`\ndraft {\n\`\`\`\n\`\`\`json\n${answer}\n\`\`\`` }),
    row: 'M3',
  },
  {
    says: 'prose with braces stands around it',
    body: (answer) => message({ content: `In {this} meeting:\n${answer}\nThat is all.` }),
    row: 'M3',
  },
  { says: 'its fields are a text', body: (answer) => message({ content: stringified(answer) }), row: 'M3' },
  { says: 'all of it is a text', body: (answer) => message({ content: JSON.stringify(answer) }), row: 'M3' },
  {
    says: 'it is the input of a tool',
    body: (answer) => message({ tool_calls: [{ type: 'function', function: { name: 'x', arguments: answer } }] }),
    row: 'M3',
  },
  {
    says: 'it is the input of a tool as an object',
    body: (answer) => message({ content: '', tool_calls: [{ function: { arguments: JSON.parse(answer) } }] }),
    row: 'M3',
  },
  { says: 'it stands in the reasoning alone', body: (answer) => message({ reasoning_content: answer }), row: 'M3' },
  {
    says: 'its content is a list of parts',
    body: (answer) =>
      message({
        content: [
          { type: 'thinking', thinking: [] },
          { type: 'text', text: answer },
        ],
      }),
    row: 'M3',
  },
]);

describeRefusals({
  name: 'A server that knows no format',
  api: 'openai',
  dialect: local,
  scenarios: [
    {
      says: 'it takes a tool instead',
      refuses: has('response_format'),
      answer: error(400, { message: "Unsupported parameter: 'response_format'", param: 'response_format' }),
      learns: ['json_object', 'json_schema'],
      sends: { tool_choice: { type: 'function', function: { name: 'sales-meeting' } } },
    },
    {
      says: 'it takes no tool either',
      refuses: (body) => has('response_format')(body) || has('tools')(body),
      answer: error(400, {
        message:
          "litellm.UnsupportedParamsError: x does not support parameters: ['response_format', 'tools', 'tool_choice'], for model=m.",
      }),
      learns: ['json_object', 'json_schema', 'tool call'],
    },
    {
      says: 'Ollama says that a model has no tools',
      refuses: (body) => has('response_format')(body) || has('tools')(body),
      answer: error(400, { message: 'gemma:2b does not support tools, response_format', type: 'api_error' }),
      learns: ['json_object', 'json_schema', 'tool call'],
    },
  ],
});
