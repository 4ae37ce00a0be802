/** The thread behind threaded-classifier.ts: a message holds transcripts, its answer a classification or an error for each. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Taxonomy } from '../../../models/taxonomy.ts';
import type { Classification } from '../classifier.ts';
import { readBuiltCues } from './built-cues.ts';
import { createOfflineClassifier } from './offline-classifier.ts';

export interface ThreadData {
  readonly taxonomy: Taxonomy;
}

const { taxonomy }: ThreadData = workerData;
const classifier = createOfflineClassifier(taxonomy, await readBuiltCues());
const { signal } = new AbortController();

parentPort?.on('message', async (transcripts: readonly string[]) => {
  const answers: (Classification | Error)[] = [];
  for (const transcript of transcripts) {
    answers.push(await classifier.classify({ transcript, sellerPrompt: null, signal }).catch((error: Error) => error));
  }
  parentPort?.postMessage(answers);
});
