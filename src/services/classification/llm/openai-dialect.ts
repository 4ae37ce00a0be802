/** OpenAI's chat completions, and the servers that speak as it does. platform.openai.com/docs/api-reference/chat */
import { type Dialect, without } from './dialect.ts';
import { at, isObject, readCount } from './json-value.ts';

/** OpenAI's own API names the limit of output tokens otherwise than older servers do. */
export function openAiDialect(tokenLimitName: 'max_tokens' | 'max_completion_tokens'): Dialect {
  return {
    baseUrl: 'https://api.openai.com/v1',
    path: () => '/chat/completions',
    headers: (apiKey): Record<string, string> => (apiKey === null ? {} : { authorization: `Bearer ${apiKey}` }),
    dispensable: ['response_format', 'temperature', 'max_completion_tokens', 'max_tokens'],
    makeBody: ({ messages, schema, schemaName, maxOutputTokens }, model, unknown) => {
      const wanted = {
        temperature: 0,
        response_format: { type: 'json_schema', json_schema: { name: schemaName, strict: true, schema } },
        [tokenLimitName]: maxOutputTokens,
      };
      return { model, messages, ...without(wanted, unknown) };
    },
    read(value) {
      const choice = at(value, 'choices', 0);
      const message = at(choice, 'message');
      if (!isObject(message)) return undefined;
      const reason = at(choice, 'finish_reason');
      const refusal = message.refusal;
      const isRefused = reason === 'content_filter' || (typeof refusal === 'string' && refusal !== '');
      const model = at(value, 'model');
      return {
        text: readContent(message.content),
        end: isRefused ? 'refused' : reason === 'length' ? 'cut' : 'whole',
        model: typeof model === 'string' ? model : '',
        inputTokens: readCount(at(value, 'usage', 'prompt_tokens')),
        cachedInputTokens: readCount(at(value, 'usage', 'prompt_tokens_details', 'cached_tokens')),
        outputTokens: readCount(at(value, 'usage', 'completion_tokens')),
      };
    },
  };
}

/** A text, or parts of one as some servers send. */
function readContent(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map((part: unknown) => (isObject(part) && typeof part.text === 'string' ? part.text : '')).join('');
}
