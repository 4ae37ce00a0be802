/** As api.anthropic.com answers. */
import { anthropicDialect } from '../../../../src/services/classification/model/providers/anthropic-dialect.ts';
import { describeRefusals, has } from './suite.ts';

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
