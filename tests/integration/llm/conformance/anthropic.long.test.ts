/** As api.anthropic.com answers. */
import { anthropicDialect } from '../../../../src/services/classification/model/providers/anthropic-dialect.ts';
import { describeFaults, describeLength, describeRefusals, describeReplies, has } from './suite.ts';

const refusal = (message: string) => ({
  status: 400,
  body: { type: 'error', error: { type: 'invalid_request_error', message }, request_id: 'req_1' },
});

describeRefusals({
  name: 'Anthropic',
  api: 'anthropic',
  dialect: anthropicDialect,
  scenarios: [
    {
      says: 'the newest models take no temperature',
      refuses: has('temperature'),
      answer: refusal('`temperature` is deprecated for this model.'),
      learns: ['temperature'],
      sends: { tool_choice: { type: 'tool' } },
    },
    {
      says: 'a thinking model takes one temperature alone',
      refuses: has('temperature'),
      answer: refusal(
        '`temperature` may only be set to 1 when thinking is enabled or in adaptive mode. Please consult our documentation.',
      ),
      learns: ['temperature'],
    },
    {
      says: 'a thinking model is not forced to call a tool',
      refuses: has('tool_choice'),
      answer: refusal('Thinking may not be enabled when tool_choice forces tool use.'),
      learns: ['forced tool'],
      sends: { temperature: 0, tools: [{}] },
    },
    {
      says: 'a model is never forced to call a tool',
      refuses: has('tool_choice'),
      answer: refusal('tool_choice forces tool use is not compatible with this model'),
      learns: ['forced tool'],
    },
    {
      says: 'a server behind its API knows fewer fields',
      refuses: has('temperature'),
      answer: refusal('temperature: Extra inputs are not permitted'),
      learns: ['temperature'],
    },
    {
      says: 'a server behind its API knows no tools (M3)',
      refuses: has('tools'),
      answer: refusal('tools: Extra inputs are not permitted'),
      learns: ['forced tool', 'tool'],
    },
    {
      says: 'the transcript is too long',
      answer: refusal('prompt is too long: 214315 tokens > 200000 maximum'),
      learns: [],
    },
    {
      says: 'the output is to be longer than it can be',
      answer: refusal('max_tokens: 8192 > 4096, which is the maximum allowed number of output tokens for this model'),
      learns: [],
    },
    { says: 'an error gives no reason', answer: refusal('Invalid request data'), learns: [] },
  ],
});

const fault = (status: number, type: string, message: string) => ({
  status,
  body: { type: 'error', error: { type, message }, request_id: 'req_1' },
});
const said = (stopReason: string, content: readonly unknown[]) => ({
  status: 200,
  body: { type: 'message', model: 'm', content, stop_reason: stopReason, usage: { input_tokens: 9, output_tokens: 2 } },
});

describeFaults('Anthropic', 'anthropic', anthropicDialect, [
  {
    says: 'a spending limit is reached',
    answer: refusal(
      'You have reached your specified API usage limits. You will regain access on 2027-01-01 at 00:00 UTC.',
    ),
    code: 'MODEL_QUOTA',
    row: 'M6',
  },
  {
    says: 'the limit of a workspace is reached',
    answer: refusal(
      'You have reached your specified workspace API usage limits. You will regain access on 2027-01-01.',
    ),
    code: 'MODEL_QUOTA',
    row: 'M6',
  },
  {
    says: 'there is no credit',
    answer: refusal('Your credit balance is too low to access the Anthropic API.'),
    code: 'MODEL_QUOTA',
    row: 'M6',
  },
  { says: 'a bill is open', answer: fault(402, 'billing_error', 'Pay.'), code: 'MODEL_QUOTA', row: 'M6' },
  {
    says: 'a key lacks a right',
    answer: fault(403, 'permission_error', 'Your API key does not have permission to use the specified resource.'),
    code: 'MODEL_REFUSED_KEY',
    row: 'M5',
  },
  {
    says: 'a model is unknown',
    answer: fault(404, 'not_found_error', 'model: x'),
    code: 'MODEL_REFUSED_KEY',
    row: 'M5',
  },
  {
    says: 'it is overloaded',
    answer: fault(529, 'overloaded_error', 'Overloaded'),
    code: 'MODEL_RATE_LIMITED',
    calls: 5,
    row: 'M8',
  },
  { says: 'the model refuses', answer: said('refusal', []), code: 'MODEL_REFUSED_CONTENT', row: 'M5' },
  {
    says: 'an answer has nothing in it, twice',
    answer: said('end_turn', []),
    code: 'MODEL_REPLY_INVALID',
    calls: 2,
    row: 'M8',
  },
]);

describeLength('Anthropic', 'anthropic', anthropicDialect, [
  ['a prompt is too long', refusal('prompt is too long: 214315 tokens > 200000 maximum')],
  [
    'prompt and answer are too long',
    refusal('input length and `max_tokens` exceed context limit: 197000 + 4096 > 200000'),
  ],
  ['a request has too many bytes', fault(413, 'request_too_large', 'Request exceeds the maximum size')],
  ['the answer fills the context', said('model_context_window_exceeded', [{ type: 'text', text: '{' }])],
]);

describeReplies('Anthropic', 'anthropic', anthropicDialect, [
  {
    says: 'cache reads and cache writes come on top of its input tokens',
    body: (answer) => ({
      model: 'model-of-tests',
      content: [
        { type: 'thinking', thinking: 'x', signature: 's' },
        { type: 'tool_use', name: 'x', input: JSON.parse(answer) },
      ],
      stop_reason: 'tool_use',
      usage: {
        input_tokens: 900,
        cache_creation_input_tokens: 2_000,
        cache_read_input_tokens: 100,
        output_tokens: 200,
      },
    }),
    usage: { inputTokens: 3_000, outputTokens: 200, costUsd: 0.9 + 2.5 + 0.01 + 0.4 },
    row: 'M9',
  },
]);
