/** Anthropic's Messages API: the answer is the input of a forced tool call. docs.anthropic.com/en/api/messages */

import { withOptionalFields } from '../reply-schema.ts';
import {
  type ChatQuestion,
  type Dialect,
  type Part,
  type ReplyEnd,
  temperaturePart,
  toolDescription,
  writeParts,
} from './dialect.ts';
import { at, isObject, readCount } from './json-value.ts';

const makeTool = ({ schema, schemaName }: ChatQuestion) => ({
  tools: [{ name: schemaName, description: toolDescription, input_schema: withOptionalFields(schema) }],
});

/** A model that is not forced may answer in text instead of a tool call; `read` accepts both. Some servers know no tools. */
const tools: readonly Part[] = [
  {
    name: 'forced tool',
    parameters: ['tool_choice', 'tools', 'tool'],
    hasSchema: true,
    write: (question) => ({ ...makeTool(question), tool_choice: { type: 'tool', name: question.schemaName } }),
  },
  { name: 'tool', parameters: ['tools', 'tool'], hasSchema: true, write: makeTool },
];

/** docs.anthropic.com/en/api/handling-stop-reasons */
const ends: ReadonlyMap<unknown, ReplyEnd> = new Map([
  ['refusal', 'refused'],
  ['max_tokens', 'cut'],
  ['model_context_window_exceeded', 'full'],
]);

/** Tools and instructions are the same for all transcripts: read from the cache they cost a tenth. docs.anthropic.com/en/docs/build-with-claude/prompt-caching */
const cachePart: Part = { name: 'cache_control', parameters: ['cache_control', 'system'], write: () => ({}) };

export const anthropicDialect: Dialect = {
  baseUrl: 'https://api.anthropic.com',
  path: () => '/v1/messages',
  headers: (apiKey) => ({ 'anthropic-version': '2023-06-01', ...(apiKey === null ? {} : { 'x-api-key': apiKey }) }),
  ladders: [[temperaturePart], tools, [cachePart]],
  makeBody(question, model, parts) {
    const { messages, maxOutputTokens } = question;
    const system = messages.flatMap(({ role, content }) => (role === 'system' ? [content] : [])).join('\n\n');
    return {
      model,
      max_tokens: maxOutputTokens,
      system: parts.includes(cachePart)
        ? [{ type: 'text', text: system, cache_control: { type: 'ephemeral' } }]
        : system,
      messages: messages.filter(({ role }) => role !== 'system'),
      ...writeParts(parts, question),
    };
  },
  read(value) {
    const content = at(value, 'content');
    if (!Array.isArray(content)) return undefined;
    const called = content.find((part: unknown) => at(part, 'type') === 'tool_use');
    const texts = content.flatMap((part: unknown) =>
      isObject(part) && typeof part.text === 'string' ? [part.text] : [],
    );
    const reason = at(value, 'stop_reason');
    const model = at(value, 'model');
    const fresh = readCount(at(value, 'usage', 'input_tokens'));
    const cached = readCount(at(value, 'usage', 'cache_read_input_tokens'));
    const cacheWrite = readCount(at(value, 'usage', 'cache_creation_input_tokens'));
    return {
      text: called === undefined ? texts.join('') : JSON.stringify(at(called, 'input') ?? {}),
      end: ends.get(reason) ?? 'whole',
      model: typeof model === 'string' ? model : '',
      // Anthropic includes neither of the cache's tokens in input_tokens.
      inputTokens: fresh === null ? null : fresh + (cached ?? 0) + (cacheWrite ?? 0),
      cachedInputTokens: cached,
      cacheWriteTokens: cacheWrite,
      outputTokens: readCount(at(value, 'usage', 'output_tokens')),
    };
  },
};
