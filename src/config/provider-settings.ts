/** Keys and addresses under the names that the providers' own libraries read. Each applies only to its provider; LLM_* takes precedence. */
import { matching, text, webAddress } from './kinds.ts';
import { optional } from './setting.ts';

export const providerSettings = {
  openaiBaseUrl: address('OPENAI_BASE_URL', 'https://gateway.example.com/v1', 'Address of the OpenAI API', 'openai'),
  openaiApiBase: address('OPENAI_API_BASE', 'https://gateway.example.com/v1', 'Old name of OPENAI_BASE_URL', 'openai'),
  anthropicApiKey: key('ANTHROPIC_API_KEY', 'Key of Anthropic', 'anthropic'),
  anthropicBaseUrl: address(
    'ANTHROPIC_BASE_URL',
    'https://gateway.example.com',
    "Address of Anthropic's API",
    'anthropic',
  ),
  googleApiKey: key('GOOGLE_API_KEY', 'Key of Google Gemini; wins over GEMINI_API_KEY', 'google'),
  geminiApiKey: key('GEMINI_API_KEY', 'Key of Google Gemini', 'google'),
  googleBaseUrl: address('GOOGLE_GEMINI_BASE_URL', 'https://gateway.example.com', "Address of Gemini's API", 'google'),
  azureApiKey: key('AZURE_OPENAI_API_KEY', 'Key of an Azure OpenAI resource', 'azure'),
  azureEndpoint: optional('AZURE_OPENAI_ENDPOINT', webAddress, {
    group: 'classification',
    unset: 'none: LLM_PROVIDER=azure needs it',
    example: 'https://NAME.openai.azure.com',
    meaning: 'Address of that resource; used with LLM_PROVIDER=azure',
  }),
  openaiApiVersion: optional('OPENAI_API_VERSION', text, {
    group: 'classification',
    unset: 'none',
    example: '2024-10-21',
    meaning: "Version of Azure's older API; without effect, as its v1 API is called",
  }),
  ollamaHost: optional('OLLAMA_HOST', matching(/^[^\s@?#]{1,255}$/, 'a host, host:port or an http address'), {
    group: 'classification',
    unset: '127.0.0.1:11434',
    example: '127.0.0.1:11434',
    meaning: 'Where Ollama listens; used with LLM_PROVIDER=ollama',
  }),
} as const;

function key(name: string, meaning: string, provider: string) {
  const about = { group: 'classification', unset: 'none', example: 'your-key', isSecret: true } as const;
  return optional(name, text, { ...about, meaning: `${meaning}; used with LLM_PROVIDER=${provider}` });
}

function address(name: string, example: string, meaning: string, provider: string) {
  const about = { group: 'classification', unset: "the provider's public address", example } as const;
  return optional(name, webAddress, { ...about, meaning: `${meaning}; used with LLM_PROVIDER=${provider}` });
}
