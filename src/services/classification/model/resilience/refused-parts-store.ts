/** Stores in Redis which request parts a model refuses, for all processes and the next start. */
import { parseJson } from '../providers/json-value.ts';
import { learnedLifeMs, type RefusedPartsStore } from './refused-parts.ts';

/** The two Redis commands in use. */
export interface KeptTexts {
  get(key: string): Promise<string | null>;
  /** Returns the previous value. */
  set(key: string, value: string, life: 'PX', lifeMs: number, and: 'GET'): Promise<string | null>;
}

export interface ModelAddress {
  readonly provider: string;
  readonly host: string;
  readonly model: string;
}

export function createRefusedPartsStore(texts: KeptTexts, address: ModelAddress): RefusedPartsStore {
  const key = `vambe:refused-parts:${address.provider}:${address.host}:${address.model}`;
  return {
    async read() {
      const text = await texts.get(key);
      return text === null ? undefined : readNames(text);
    },
    async save(names) {
      const value = JSON.stringify([...names].sort());
      return (await texts.set(key, value, 'PX', learnedLifeMs, 'GET')) !== value;
    },
  };
}

/** undefined: not in our format. */
function readNames(text: string): readonly string[] | undefined {
  const value = parseJson(text);
  return Array.isArray(value) && value.every((each) => typeof each === 'string') ? value : undefined;
}
