/** OpenAI's Chat Completions API and compatible servers. platform.openai.com/docs/api-reference/chat */

import { withOptionalFields } from '../reply-schema.ts';
import {
  type Dialect,
  hasSystemRole,
  type Part,
  type ReplyEnd,
  systemPart,
  temperaturePart,
  toolDescription,
  type Usage,
  writeParts,
} from './dialect.ts';
import { at, isObject, readCount } from './json-value.ts';

/** Older servers support only one of these, or none: then the answer is read from the text. */
const formats: readonly Part[] = [
  {
    name: 'json_schema',
    parameters: ['response_format', 'json_schema'],
    hasSchema: true,
    write: ({ schema, schemaName }) => ({
      response_format: { type: 'json_schema', json_schema: { name: schemaName, strict: true, schema } },
    }),
  },
  {
    name: 'json_object',
    parameters: ['response_format', 'json_object'],
    write: () => ({ response_format: { type: 'json_object' } }),
  },
  {
    name: 'tool call',
    parameters: ['tools', 'tool', 'tool_choice', 'functions', 'function_calling'],
    hasSchema: true,
    write: ({ schema, schemaName }) => ({
      tools: [
        {
          type: 'function',
          function: { name: schemaName, description: toolDescription, parameters: withOptionalFields(schema) },
        },
      ],
      tool_choice: { type: 'function', function: { name: schemaName } },
    }),
  },
];

/** Both names belong to both parts: a gateway that translates one into the other reports a refusal of the other. */
const limitParameters = ['max_tokens', 'max_completion_tokens'];
const limits: readonly Part[] = limitParameters.map((name) => ({
  name,
  parameters: limitParameters,
  write: ({ maxOutputTokens }) => ({ [name]: maxOutputTokens }),
}));

/** OpenAI's own API and reasoning models take `max_completion_tokens`, older servers `max_tokens`. The other name is tried second. */
export function openAiDialect(tokenLimitName: 'max_tokens' | 'max_completion_tokens'): Dialect {
  return {
    baseUrl: 'https://api.openai.com/v1',
    path: () => '/chat/completions',
    headers: (apiKey): Record<string, string> => (apiKey === null ? {} : { authorization: `Bearer ${apiKey}` }),
    ladders: [
      [temperaturePart],
      formats,
      limits.toSorted((a, b) => Number(b.name === tokenLimitName) - Number(a.name === tokenLimitName)),
      [systemPart],
    ],
    makeBody(question, model, parts) {
      const messages = hasSystemRole(parts)
        ? question.messages
        : question.messages.map((each) => (each.role === 'system' ? { ...each, role: 'user' } : each));
      return { model, messages, ...writeParts(parts, question) };
    },
    read(value) {
      const choice = at(value, 'choices', 0);
      const message = at(choice, 'message');
      if (!isObject(message)) return undefined;
      const reason = at(choice, 'finish_reason');
      const refusal = message.refusal;
      const isRefused = reason === 'content_filter' || (typeof refusal === 'string' && refusal !== '');
      const end = ends.get(reason) ?? 'whole';
      const model = at(value, 'model');
      return {
        text: readText(message),
        end: isRefused ? 'refused' : end,
        model: typeof model === 'string' ? model : '',
        ...readUsage(at(value, 'usage')),
      };
    },
  };
}

/** Finish reasons. Mistral: model_length, error · OpenRouter, DeepSeek: error, insufficient_system_resource · LM Studio: contextLengthReached */
const ends: ReadonlyMap<unknown, ReplyEnd> = new Map([
  ['length', 'cut'],
  ['max_tokens', 'cut'],
  ['model_length', 'full'],
  ['contextLengthReached', 'full'],
  ['error', 'failed'],
  ['insufficient_system_resource', 'failed'],
]);

function readUsage(usage: unknown): Usage {
  const input = readCount(at(usage, 'prompt_tokens'));
  const written = readCount(at(usage, 'completion_tokens'));
  const total = readCount(at(usage, 'total_tokens'));
  const details = at(usage, 'prompt_tokens_details');
  return {
    inputTokens: input,
    // DeepSeek has a name of its own; LiteLLM repeats Anthropic's.
    cachedInputTokens: firstCount(
      at(details, 'cached_tokens'),
      at(usage, 'prompt_cache_hit_tokens'),
      at(usage, 'cache_read_input_tokens'),
    ),
    cacheWriteTokens: firstCount(at(details, 'cache_write_tokens'), at(usage, 'cache_creation_input_tokens')),
    // xAI and Google's endpoint count reasoning in the total alone; all of it is charged as output.
    outputTokens: input === null || total === null ? written : Math.max(written ?? 0, total - input),
    chargedUsd: readCharge(usage),
  };
}

function firstCount(...given: readonly unknown[]): number | null {
  return given.map(readCount).find((each) => each !== null) ?? null;
}

/** OpenRouter says what it charges; with a key of one's own for the provider, the provider charges the rest. openrouter.ai/docs/use-cases/usage-accounting */
function readCharge(usage: unknown): number | null {
  const own = readAmount(at(usage, 'cost'));
  if (own === null || at(usage, 'is_byok') !== true) return own;
  return own + (readAmount(at(usage, 'cost_details', 'upstream_inference_cost')) ?? 0);
}

function readAmount(value: unknown): number | null {
  return typeof value === 'number' && value >= 0 && value < 1_000 ? value : null;
}

/**
 * The content; else the arguments of a tool call; else the reasoning, where vLLM's parser puts the JSON of a model that does not close
 * its reasoning.
 */
function readText(message: Readonly<Record<string, unknown>>): string {
  const content = readContent(message.content);
  if (content.trim() !== '') return content;
  const called = at(message.tool_calls, 0, 'function', 'arguments') ?? at(message.function_call, 'arguments');
  if (isObject(called)) return JSON.stringify(called);
  if (typeof called === 'string' && called.trim() !== '') return called;
  const reasoning = message.reasoning_content ?? message.reasoning;
  return typeof reasoning === 'string' && reasoning.includes('{') ? reasoning : content;
}

/** A text, or a list of its parts, as some servers send. */
function readContent(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map((part: unknown) => (isObject(part) && typeof part.text === 'string' ? part.text : '')).join('');
}
