/**
 * The model that is asked if neither LLM_MODEL nor OPENAI_MODEL is set, as chosen on 2026-12-01 from prices/llm-prices.yaml: of the
 * models at OpenAI's own address without an announced end, the one with the lowest price. OpenAI names it as the replacement of
 * gpt-4o-mini, the default before, which ends on 2027-01-14.
 */
export const defaultModel = 'gpt-6-luna';
