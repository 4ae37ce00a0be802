/** How a classifier is registered: its name, and how it is created from the settings. */
import type { Clock } from '../../core/clock.ts';
import type { Log } from '../../core/log/logger.ts';
import type { Taxonomy } from '../../models/taxonomy.ts';
import type { Classifier } from './classifier.ts';
import type { LlmSettings } from './model/from-settings.ts';
import type { ReplyMemory } from './model/reply-memory.ts';
import type { KeptTexts } from './model/resilience/refused-parts-store.ts';

/** Everything that a classifier can be created from; each one takes what it needs. */
export interface ClassifierParts {
  readonly taxonomy: Taxonomy;
  readonly settings: ClassifierSettings;
  readonly clock: Clock;
  /** Set: transcripts are read in a worker thread, with up to this many per message. */
  readonly threadBatch?: number;
  /** Absent: no reply of a model is kept. */
  readonly memory?: ReplyMemory;
  readonly redis?: KeptTexts;
  readonly log?: Log;
  /** False: no retries. */
  readonly isPatient?: boolean;
}

export interface ClassifierSettings extends LlmSettings {
  readonly llmModel: string;
  readonly llmApiKey: string | null;
  /** null: the default price table. */
  readonly llmPricesFile: string | null;
}

export interface ClassifierDefinition {
  /** Opens no connection. @throws AppError SETTINGS_INVALID */
  create(parts: ClassifierParts): Promise<Classifier>;
}
