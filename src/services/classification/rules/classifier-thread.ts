/** The thread of threaded-classifier.ts: takes transcripts, returns classifications. */
import { workerData } from 'node:worker_threads';
import { serveThreadCalls } from '../../../core/process/thread-calls.ts';
import type { Taxonomy } from '../../../models/taxonomy.ts';
import { readBuiltCues } from './built-cues.ts';
import { createOfflineClassifier } from './offline-classifier.ts';

export interface ThreadData {
  readonly taxonomy: Taxonomy;
}

const { taxonomy }: ThreadData = workerData;
const classifier = createOfflineClassifier(taxonomy, await readBuiltCues());
const { signal } = new AbortController();

serveThreadCalls((transcript: string) => classifier.classify({ transcript, sellerPrompt: null, signal }));
