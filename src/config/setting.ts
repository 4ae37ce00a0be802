/** One row of the table of settings: what is known of a setting, and how a row is written. */
import type { Kind } from './kinds.ts';

export const groups = {
  servers: 'Servers',
  worker: 'Worker',
  celery: 'Celery',
  classification: 'Classification',
  import: 'Import',
  api: 'HTTP API and webhooks',
  process: 'Process and logs',
} as const;

export interface Setting<T = unknown> extends Kind<T> {
  readonly name: string;
  readonly group: keyof typeof groups;
  /** The value where the variable is unset or empty; null: no default, `unset` says what happens. */
  readonly default: T | null;
  readonly unset: string;
  readonly meaning: string;
  /** Never shown: not in `vambe config`, not in a fault. */
  readonly isSecret: boolean;
  readonly example: string;
}

interface Description {
  group: keyof typeof groups;
  meaning: string;
  isSecret?: boolean;
  example?: string;
}

/** A setting that always has a value. */
export function setting<T extends string | number | readonly string[]>(
  name: string,
  kind: Kind<T>,
  about: Description & { default: NoInfer<T> },
): Setting<T> & { readonly default: T } {
  const unset = Array.isArray(about.default) ? about.default.join(',') : String(about.default);
  return { isSecret: false, example: unset, unset, ...kind, ...about, default: Object.freeze(about.default), name };
}

/** A setting that may be absent (null); `unset` says what that means. */
export function optional<T>(name: string, kind: Kind<T>, about: Description & { unset: string; example: string }) {
  return { isSecret: false, ...kind, ...about, name, default: null } as const satisfies Setting<T>;
}
