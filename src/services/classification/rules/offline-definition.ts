/** The classifier `offline`: the rules, in this thread or in a worker thread. */
import type { ClassifierDefinition } from '../classifier-definition.ts';
import { readBuiltCues } from './built-cues.ts';
import { createOfflineClassifier } from './offline-classifier.ts';
import { createThreadedClassifier } from './threaded-classifier.ts';

export const offlineDefinition: ClassifierDefinition = {
  async create({ taxonomy, threadBatch }) {
    // The thread reads the compiled cues itself.
    if (threadBatch !== undefined) return createThreadedClassifier(taxonomy, { maxItems: threadBatch });
    return createOfflineClassifier(taxonomy, await readBuiltCues());
  },
};
