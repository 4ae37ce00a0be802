/** Prices of model calls, from a dated table that a custom file can replace. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { AppError } from '../../../../core/errors.ts';
import type { Usage } from './dialect.ts';

const price = z.number().min(0).max(1_000_000);
const priceFile = z.strictObject({
  as_of: z.iso.date(),
  currency: z.literal('USD'),
  per_million_tokens: z.record(
    z.string().min(1),
    z.strictObject({ input: price, output: price, cached_input: price.optional() }),
  ),
});

export interface PriceTable {
  /** ISO date of the prices. */
  readonly asOf: string;
  /** Models with a price. */
  readonly models: readonly string[];
  /** US dollars of one call; null: no price or no token counts. */
  costOf(model: string, usage: Usage): number | null;
  has(model: string): boolean;
}

/** A price also applies to dated versions of its model: gpt-4o-mini-2024-07-18, claude-sonnet-4-20250514, gemini-2.0-flash-001. */
const suffix = /^-(?:\d{4}-\d{2}-\d{2}|\d{8}|\d{3}|latest)$/;

const defaultFile = fileURLToPath(new URL('../../../../../prices/llm-prices.yaml', import.meta.url));

/** Prices of a custom file (LLM_PRICES_FILE); null: the default ones. @throws AppError SETTINGS_INVALID */
export async function loadPrices(customFile: string | null): Promise<PriceTable> {
  const file = customFile ?? defaultFile;
  try {
    return readPrices(await readFile(file, 'utf8'), file);
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    const message = `The prices in ${file} cannot be read. Set LLM_PRICES_FILE to a YAML file, or unset it.`;
    throw new AppError('SETTINGS_INVALID', message, { cause });
  }
}

/** @throws AppError SETTINGS_INVALID with the line of the fault */
export function readPrices(text: string, file: string): PriceTable {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const [syntax] = document.errors;
  if (syntax) throw invalidPrices(file, lines.linePos(syntax.pos[0]).line, syntax.message.split('\n')[0] ?? 'no YAML');
  const parsed = priceFile.safeParse(document.toJS());
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const path = issue?.path.map(String) ?? [];
    const node = document.getIn(path.length > 0 ? path : [], true);
    const range = typeof node === 'object' && node !== null && 'range' in node ? node.range : undefined;
    const from = Array.isArray(range) && typeof range[0] === 'number' ? range[0] : 0;
    throw invalidPrices(file, lines.linePos(from).line, `${path.join('.') || 'the file'}: ${issue?.message}`);
  }
  const { as_of, per_million_tokens: prices } = parsed.data;
  const known = Object.keys(prices).sort((a, b) => b.length - a.length);
  const priceOf = (model: string) => {
    const name = known.find(
      (each) => model === each || (model.startsWith(each) && suffix.test(model.slice(each.length))),
    );
    return name === undefined ? undefined : prices[name];
  };
  return {
    asOf: as_of,
    models: Object.keys(prices),
    has: (model) => priceOf(model) !== undefined,
    costOf(model, { inputTokens, cachedInputTokens, outputTokens }) {
      const found = priceOf(model);
      if (found === undefined || inputTokens === null || outputTokens === null) return null;
      const cached = Math.min(cachedInputTokens ?? 0, inputTokens);
      const { input, output, cached_input = input } = found;
      return ((inputTokens - cached) * input + cached * cached_input + outputTokens * output) / 1_000_000;
    },
  };
}

function invalidPrices(file: string, line: number, fault: string): AppError {
  return new AppError(
    'SETTINGS_INVALID',
    `The prices in ${file}, line ${line}, cannot be used: ${fault}. Correct LLM_PRICES_FILE, or unset it; prices/llm-prices.yaml shows the form.`,
  );
}
