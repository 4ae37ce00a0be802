/** What `vambe config --json`, `taxonomy check --json` and `migrate --json` say. */
import * as z from 'zod';
import { list } from './pieces.ts';

const described = z.strictObject({
  name: z.string(),
  group: z.string(),
  /** Secrets are masked; null: unset. */
  value: z.union([z.string(), z.number(), list(z.string())]).nullable(),
  origin: z.string(),
  unset: z.string(),
  meaning: z.string(),
});

export const settingsDocument = z.strictObject({
  success: z.literal(true),
  settings: list(described),
  /** null: no model is asked. */
  llm: z
    .strictObject({
      provider: z.string(),
      model: z.string(),
      address_from: z.string().nullable(),
      key_from: z.string().nullable(),
    })
    .nullable(),
  warnings: list(z.string()),
});

export const settingsCheckDocument = z.strictObject({
  success: z.literal(true),
  set: z.int(),
  warnings: list(z.string()),
});

export const taxonomyDocument = z.discriminatedUnion('success', [
  z.strictObject({
    success: z.literal(true),
    file: z.string(),
    id: z.string(),
    version: z.string(),
    fields: z.int(),
    values: z.int(),
    faults: z.tuple([]),
  }),
  z.strictObject({
    success: z.literal(false),
    file: z.string(),
    code: z.literal('TAXONOMY_INVALID'),
    faults: list(z.strictObject({ line: z.int(), column: z.int(), message: z.string() })),
  }),
]);

export const migrationDocument = z.strictObject({
  success: z.literal(true),
  from: z.int(),
  to: z.int(),
  migrated: z.boolean(),
  embedded: z.boolean(),
  created_tables: list(z.string()),
  missing_tables: list(z.string()),
  labels_without_value: z.enum(['blank', 'null']).optional(),
  changed_rows: z.int().optional(),
});

export type SettingsDocument = z.infer<typeof settingsDocument>;
export type SettingsCheckDocument = z.infer<typeof settingsCheckDocument>;
export type TaxonomyDocument = z.infer<typeof taxonomyDocument>;
export type MigrationDocument = z.infer<typeof migrationDocument>;
