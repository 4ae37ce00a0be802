/** Google's Gemini: generateContent with a JSON schema of the response. ai.google.dev/api/generate-content */
import { type Dialect, hasSystemRole, type Part, systemPart, temperaturePart, writeParts } from './dialect.ts';
import { at, readCount } from './json-value.ts';

/** Finish reasons that mean a refusal. */
const refusals = ['SAFETY', 'RECITATION', 'BLOCKLIST', 'PROHIBITED_CONTENT', 'SPII', 'LANGUAGE'];

const jsonType = { responseMimeType: 'application/json' };
/** Gemma supports neither; older API versions do not support a schema. */
const formats: readonly Part[] = [
  {
    name: 'responseJsonSchema',
    parameters: ['response_json_schema', 'response_schema', 'response_mime_type'],
    write: ({ schema }) => ({ ...jsonType, responseJsonSchema: schema }),
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
    if (candidate === undefined && !blocked) return undefined;
    const parts = at(candidate, 'content', 'parts');
    const texts = (Array.isArray(parts) ? parts : []).flatMap((part: unknown) => {
      const text = at(part, 'text');
      return typeof text === 'string' && at(part, 'thought') !== true ? [text] : [];
    });
    const reason = at(candidate, 'finishReason');
    const isRefused = blocked || refusals.some((each) => each === reason);
    const model = at(value, 'modelVersion');
    const written = readCount(at(value, 'usageMetadata', 'candidatesTokenCount'));
    const thought = readCount(at(value, 'usageMetadata', 'thoughtsTokenCount'));
    return {
      text: texts.join(''),
      end: isRefused ? 'refused' : reason === 'MAX_TOKENS' ? 'cut' : 'whole',
      model: typeof model === 'string' ? model : '',
      inputTokens: readCount(at(value, 'usageMetadata', 'promptTokenCount')),
      cachedInputTokens: readCount(at(value, 'usageMetadata', 'cachedContentTokenCount')),
      // Reasoning is charged as output.
      outputTokens: written === null ? null : written + (thought ?? 0),
    };
  },
};
