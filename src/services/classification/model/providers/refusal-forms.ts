/**
 * Messages with which providers refuse a parameter without a field that names it. Patterns are anchored at the start of the message,
 * because further on it may repeat the request.
 */
import { isObject, parseJson } from './json-value.ts';

interface Form {
  /** Its first group captures the names, unless `parameters` has them. */
  readonly pattern: RegExp;
  readonly parameters?: readonly string[];
}

/** A name in quotes, backticks or bare: `response_format`, 'messages[0].role'. */
const name = '[\'"`]?([A-Za-z_][\\w.[\\]]*)[\'"`]?';
/** A value after the name: response_format.type `json_schema` is unavailable now. */
const value = '(?: [\'"`]\\w+[\'"`])?';
const unsupported =
  '(?:deprecated|not supported|unsupported|not allowed|not permitted|not available|unavailable|not compatible)';
const model = "[\\w .,:()/`'-]{1,120}?";
const schema = ['response_format', 'response_json_schema'];

const forms: readonly Form[] = [
  // OpenAI and Azure. platform.openai.com/docs/guides/error-codes
  { pattern: /^Unsupported value: 'messages\[0\]\.role' does not support 'system'/i, parameters: ['system_role'] },
  { pattern: new RegExp(`^(?:Unsupported|Unknown|Invalid) (?:parameter|value): ${name}`, 'i') },
  { pattern: /^Unrecognized request arguments? supplied: ([\w, ]+)/i },
  { pattern: /^(response_format) value as json_schema is enabled only for api versions/i },
  { pattern: /^Invalid schema for response.format/i, parameters: schema },
  // Anthropic, Bedrock, DeepSeek, xAI, Moonshot
  { pattern: /^Thinking may not be enabled when (tool_choice) forces tool use/i },
  { pattern: /^(tool_choice) forces tool use/i },
  { pattern: new RegExp(`^${name} (?:may only be set to|must be set to|can only be) `, 'i') },
  { pattern: new RegExp(`^${name}: (?:Extra inputs are not permitted|Input should be)`, 'i') },
  { pattern: /^This (response_format) type is unavailable/i },
  { pattern: new RegExp(`^Failed to deserialize the JSON body into the target type: (?:unknown field )?${name}`, 'i') },
  { pattern: /^Argument not supported on this model: (\w+)/i },
  { pattern: /^invalid (\w+): only [\d.]+ is allowed/i },
  // Groq, LM Studio
  { pattern: /^'([\w.]+)' ?: (?:value is not one of|one of the following|property)/i },
  { pattern: /^property '([\w.]+)' is unsupported/i },
  { pattern: /^'([\w.]+)' must be '/i },
  // Google. ai.google.dev/gemini-api/docs/troubleshooting
  {
    pattern:
      /^(?:Invalid JSON payload received\. )?Unknown name "(\w+)"(?: at 'generation_?config')?(?:: Cannot find field|$)/i,
  },
  { pattern: /^Invalid JSON payload received\. Unknown name "[\w$]+" at 'generation_?config\.(\w+)/i },
  { pattern: /^(?:Invalid value at '|\* GenerateContentRequest\.)generation_config\.(\w+)/i },
  { pattern: /^Json mode is not enabled for/i, parameters: ['response_mime_type', 'response_format'] },
  { pattern: /^Developer instruction is not enabled for/i, parameters: ['system_instruction', 'system_role'] },
  { pattern: /^The specified schema produces a constraint that has too many states/i, parameters: schema },
  // vLLM, llama.cpp, Ollama
  { pattern: /^(?:\d+ validation errors?:\s*)?\[?\{'type': '\w+', 'loc': \('body', '(\w+)'/i },
  { pattern: /^System role not supported/i, parameters: ['system_role'] },
  { pattern: /^The provided JSON schema contains features not supported/i, parameters: schema },
  { pattern: /^(?:JSON schema conversion failed|Failed to parse grammar)/i, parameters: schema },
  { pattern: /^invalid (?:JSON schema in )?format\b/i, parameters: schema },
  // OpenRouter does not say which parameter: leave out temperature, and take the next response format.
  {
    pattern: /^No endpoints found that (?:can handle the requested|support all of the) parameters/i,
    parameters: ['temperature', 'response_format'],
  },
  // LiteLLM ("openai does not support parameters: ['temperature'], for model=o3"), Groq, Bedrock, DeepSeek and many others
  {
    pattern: new RegExp(
      `^${model} (?:does not|doesn't|do not|don't) support (?:the |this |parameters?:? |response format )*\\[?([\\w.'"\`, ]+)`,
      'i',
    ),
  },
  { pattern: new RegExp(`^(?:The )?(?:parameter )?${name}${value}(?: parameter| field)? is ${unsupported}`, 'i') },
  { pattern: new RegExp(`^${name} of type ${name} is ${unsupported}`, 'i') },
];

/** Prefixes that gateways and clients add to a provider's message. */
const prefixes = [
  /^litellm\.\w+: /,
  /^\w+Exception(?: \w+Error)? - /,
  /^Error code: \d{3} - /,
  /^\{'error': \{'message': ["']/,
  /^The model returned the following errors: /,
  /^[a-z-]{2,20} error: /i,
];

/** A provider's error as JSON at the start of a gateway's message; undefined: none. */
export function embeddedIn(text: string): unknown {
  const message = withoutPrefixes(text);
  const end = message.startsWith('{') ? '}' : message.startsWith('[') ? ']' : undefined;
  const value = end && parseJson(message.slice(0, message.lastIndexOf(end) + 1));
  return isObject(value) || Array.isArray(value) ? value : undefined;
}

/** The message as the provider wrote it. */
export function withoutPrefixes(message: string): string {
  let text = message.trim();
  for (const prefix of prefixes) text = text.replace(prefix, '');
  return text;
}

/** Names of the refused parameters as written in the message; none if the message refuses no parameter. */
export function namesInMessage(message: string): readonly string[] {
  for (const { pattern, parameters } of forms) {
    const found = pattern.exec(message);
    if (found === null) continue;
    return parameters ?? found[1]?.match(/[A-Za-z_][\w.[\]]*/g) ?? [];
  }
  return [];
}
