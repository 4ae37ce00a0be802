/** The thread of threaded-reader.ts: runs the methods of a Reader. */
import { workerData } from 'node:worker_threads';
import { serveThreadCalls } from '../../../core/process/thread-calls.ts';
import type { Taxonomy } from '../../../models/taxonomy.ts';
import { readBuiltCues } from '../rules/built-cues.ts';
import { createReader, type ToSurvey, type ToWeigh } from './reader.ts';

export interface ReaderData {
  readonly taxonomy: Taxonomy;
}

export type ReaderQuestion = { readonly toSurvey: ToSurvey } | { readonly toWeigh: ToWeigh };

const { taxonomy }: ReaderData = workerData;
const reader = createReader(taxonomy, await readBuiltCues());
const { signal } = new AbortController();

serveThreadCalls(async (question: ReaderQuestion) =>
  'toSurvey' in question ? reader.survey(question.toSurvey, signal) : reader.weigh(question.toWeigh),
);
