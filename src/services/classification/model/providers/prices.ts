/** Prices of model calls, from a dated table that a custom file can replace. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { LineCounter, parseDocument } from 'yaml';
import * as z from 'zod';
import { AppError } from '../../../../core/errors.ts';
import type { Usage } from './dialect.ts';

const price = z.number().min(0).max(1_000_000);
const priceFile = z.strictObject({
  as_of: z.iso.date(),
  currency: z.literal('USD'),
  per_million_tokens: z.record(
    z.string().min(1),
    z.strictObject({
      input: price,
      cached_input: price.optional(),
      cache_write: price.optional(),
      output: price,
      ends: z.iso.date().optional(),
      source: z.string().max(300).optional(),
    }),
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
  /** ISO date of the model's announced end; undefined: none is known. */
  endOf(model: string): string | undefined;
}

type Price = z.infer<typeof priceFile>['per_million_tokens'][string];

/** A price also applies to dated versions of its model: gpt-4o-mini-2024-07-18, claude-sonnet-4-20250514, gemini-2.0-flash-001. */
const suffix = /^-(?:\d{4}-\d{2}-\d{2}|\d{8}|\d{3}|latest)$/;

const defaultFile = fileURLToPath(new URL('../../../../../prices/llm-prices.yaml', import.meta.url));

/** The default prices, and before them those of a custom file (LLM_PRICES_FILE). @throws AppError SETTINGS_INVALID */
export async function loadPrices(customFile: string | null): Promise<PriceTable> {
  const defaults = await readPriceFile(defaultFile);
  const custom = customFile === null ? undefined : await readPriceFile(customFile);
  return createPriceTable(custom === undefined ? [defaults] : [custom, defaults]);
}

async function readPriceFile(file: string): Promise<PriceFile> {
  try {
    return parsePrices(await readFile(file, 'utf8'), file);
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    const message = `The prices in ${file} cannot be read. Set LLM_PRICES_FILE to a YAML file, or unset it.`;
    throw new AppError('SETTINGS_INVALID', message, { cause });
  }
}

/** @throws AppError SETTINGS_INVALID with the line of the fault */
export function readPrices(text: string, file: string): PriceTable {
  return createPriceTable([parsePrices(text, file)]);
}

type PriceFile = z.infer<typeof priceFile>;

function parsePrices(text: string, file: string): PriceFile {
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
  return parsed.data;
}

/** The first file that has a model counts. */
function createPriceTable(files: readonly PriceFile[]): PriceTable {
  const priceOf = (model: string): Price | undefined => {
    // A gateway's name for it: openai/gpt-6-luna
    const names = [model, model.slice(model.lastIndexOf('/') + 1)];
    for (const { per_million_tokens: prices } of files) {
      const found = names.map((name) => findPrice(prices, name)).find((each) => each !== undefined);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return {
    asOf: files[0]?.as_of ?? '',
    models: [...new Set(files.flatMap((file) => Object.keys(file.per_million_tokens)))],
    has: (model) => priceOf(model) !== undefined,
    endOf: (model) => priceOf(model)?.ends,
    costOf: (model, usage) => usage.chargedUsd ?? costAt(priceOf(model), usage),
  };
}

function findPrice(prices: Readonly<Record<string, Price>>, model: string): Price | undefined {
  if (Object.hasOwn(prices, model)) return prices[model];
  const name = Object.keys(prices)
    .sort((a, b) => b.length - a.length)
    .find((each) => model.startsWith(each) && suffix.test(model.slice(each.length)));
  return name === undefined ? undefined : prices[name];
}

function costAt(price: Price | undefined, usage: Usage): number | null {
  const { inputTokens, cachedInputTokens, cacheWriteTokens, outputTokens } = usage;
  if (price === undefined || inputTokens === null || outputTokens === null) return null;
  const { input, output, cached_input = input, cache_write = input } = price;
  const cached = Math.min(cachedInputTokens ?? 0, inputTokens);
  const written = Math.min(cacheWriteTokens ?? 0, inputTokens - cached);
  const fresh = inputTokens - cached - written;
  return (fresh * input + cached * cached_input + written * cache_write + outputTokens * output) / 1_000_000;
}

function invalidPrices(file: string, line: number, fault: string): AppError {
  return new AppError(
    'SETTINGS_INVALID',
    `The prices in ${file}, line ${line}, cannot be used: ${fault}. Correct LLM_PRICES_FILE, or unset it; prices/llm-prices.yaml shows the form.`,
  );
}
