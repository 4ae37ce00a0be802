/** LLM_EXTRA_BODY: entries that are merged into each request, such as a reasoning effort, a service tier or a provider's routing. */
import { isObject, parseJson } from './json-value.ts';

export type ExtraBody = Readonly<Record<string, unknown>>;

/** The setting is checked when it is read. @param text null: nothing is added */
export function readExtraBody(text: string | null): ExtraBody {
  const value = text === null ? undefined : parseJson(text);
  return isObject(value) ? value : {};
}

/** Objects are merged, anything else replaces; null takes an entry out. */
export function mergeBody(body: ExtraBody, extra: ExtraBody): ExtraBody {
  const merged: Record<string, unknown> = { ...body };
  for (const [name, value] of Object.entries(extra)) {
    const own = merged[name];
    if (value === null) delete merged[name];
    else merged[name] = isObject(value) && isObject(own) ? mergeBody(own, value) : value;
  }
  return merged;
}
