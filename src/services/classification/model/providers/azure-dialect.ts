/** Azure OpenAI: the v1 API, and the classic one with a deployment in the path and `?api-version=`. learn.microsoft.com/azure/ai-foundry/openai/reference */
import type { Dialect } from './dialect.ts';
import { openAiDialect } from './openai-dialect.ts';

export function azureDialect(baseUrl: string): Dialect {
  const dialect = openAiDialect('max_completion_tokens');
  const needsDeployment = isClassicAzure(baseUrl) && !new URL(baseUrl).pathname.includes('/deployments/');
  return {
    ...dialect,
    path: (model) =>
      needsDeployment ? `/openai/deployments/${encodeURIComponent(model)}${dialect.path(model)}` : dialect.path(model),
    // A token of Entra ID is a JWT, which begins so.
    headers: (apiKey) =>
      apiKey === null || apiKey.startsWith('eyJ') ? dialect.headers(apiKey) : { 'api-key': apiKey },
  };
}

export function isClassicAzure(baseUrl: string): boolean {
  return new URL(baseUrl).searchParams.has('api-version');
}
