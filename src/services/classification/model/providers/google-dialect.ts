/** Google's Gemini: generateContent with a JSON schema of the response. ai.google.dev/api/generate-content */

import { withOptionalFields } from '../reply-schema.ts';
import {
  type Dialect,
  hasSystemRole,
  type Part,
  type ReplyEnd,
  systemPart,
  temperaturePart,
  type Usage,
  writeParts,
} from './dialect.ts';
import { at, readCount } from './json-value.ts';

/** Finish reasons. ai.google.dev/api/generate-content#FinishReason */
const ends: ReadonlyMap<unknown, ReplyEnd> = new Map<string, ReplyEnd>([
  ...['SAFETY', 'RECITATION', 'BLOCKLIST', 'PROHIBITED_CONTENT', 'SPII', 'LANGUAGE'].map(
    (each) => [each, 'refused'] as const,
  ),
  ['MAX_TOKENS', 'cut'],
  ...['OTHER', 'MALFORMED_FUNCTION_CALL', 'UNEXPECTED_TOOL_CALL', 'TOO_MANY_TOOL_CALLS', 'MALFORMED_RESPONSE'].map(
    (each) => [each, 'failed'] as const,
  ),
]);

const jsonType = { responseMimeType: 'application/json' };
/** Gemma supports neither; older API versions do not support a schema. */
const formats: readonly Part[] = [
  {
    name: 'responseJsonSchema',
    parameters: ['response_json_schema', 'response_schema', 'response_mime_type'],
    hasSchema: true,
    write: ({ schema }) => ({ ...jsonType, responseJsonSchema: withOptionalFields(schema) }),
  },
  { name: 'responseMimeType', parameters: ['response_mime_type'], write: () => jsonType },
];

export const googleDialect: Dialect = {
  baseUrl: 'https://generativelanguage.googleapis.com',
  path: (model) => `/v1beta/models/${encodeURIComponent(model)}:generateContent`,
  headers: (apiKey): Record<string, string> => (apiKey === null ? {} : { 'x-goog-api-key': apiKey }),
  ladders: [[temperaturePart], formats, [systemPart]],
  makeBody(question, _model, parts) {
    const { messages, maxOutputTokens } = question;
    const system = messages.flatMap(({ role, content }) => (role === 'system' ? [{ text: content }] : []));
    const contents = messages.flatMap(({ role, content }) =>
      role === 'system' ? [] : [{ role: role === 'assistant' ? 'model' : 'user', parts: [{ text: content }] }],
    );
    return {
      ...(hasSystemRole(parts)
        ? { systemInstruction: { parts: system }, contents }
        : { contents: [{ role: 'user', parts: system }, ...contents] }),
      generationConfig: { maxOutputTokens, ...writeParts(parts, question) },
    };
  },
  read(value) {
    const blocked = at(value, 'promptFeedback', 'blockReason') !== undefined;
    const candidate = at(value, 'candidates', 0);
    // A reply without a candidate, but with its usage, is an empty one.
    if (candidate === undefined && !blocked && at(value, 'usageMetadata') === undefined) return undefined;
    const parts = at(candidate, 'content', 'parts');
    const texts = (Array.isArray(parts) ? parts : []).flatMap((part: unknown) => {
      const text = at(part, 'text');
      return typeof text === 'string' && at(part, 'thought') !== true ? [text] : [];
    });
    const reason = at(candidate, 'finishReason');
    const model = at(value, 'modelVersion');
    return {
      text: texts.join(''),
      end: blocked ? 'refused' : (ends.get(reason) ?? 'whole'),
      model: typeof model === 'string' ? model : '',
      ...readUsage(at(value, 'usageMetadata')),
    };
  },
};

/** Reasoning is charged as output. Either count is absent if it is 0: a model may have only thought, or a prompt was blocked. */
function readUsage(usage: unknown): Usage {
  const input = readCount(at(usage, 'promptTokenCount'));
  const written = readCount(at(usage, 'candidatesTokenCount'));
  const thought = readCount(at(usage, 'thoughtsTokenCount'));
  const total = readCount(at(usage, 'totalTokenCount'));
  const counted = written === null && thought === null ? null : (written ?? 0) + (thought ?? 0);
  return {
    inputTokens: input,
    cachedInputTokens: readCount(at(usage, 'cachedContentTokenCount')),
    outputTokens: input === null || total === null ? counted : Math.max(counted ?? 0, total - input),
  };
}
