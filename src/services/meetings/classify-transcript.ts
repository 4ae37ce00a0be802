/** Classifies a bare transcript in this process: no server, no job, nothing stored. */
import { performance } from 'node:perf_hooks';
import { AppError } from '../../core/errors.ts';
import type { Taxonomy } from '../../models/taxonomy.ts';
import type { Classification, Classifier } from '../classification/classifier.ts';
import { type Label, labelsOf } from '../reporting/meeting-labels.ts';

export interface ClassifyTranscriptDeps {
  readonly taxonomy: Pick<Taxonomy, 'fields' | 'version'>;
  readonly classifier: Classifier;
}

export interface ClassifyTranscriptRequest {
  readonly transcript: string;
  /** Of the transcript, for messages. */
  readonly name: string;
  readonly signal: AbortSignal;
}

export interface ClassifiedTranscript {
  readonly answer: Classification;
  /** In the order of the taxonomy. */
  readonly labels: readonly Label[];
  readonly classifier: string;
  readonly model: string;
  readonly taxonomyVersion: string;
  readonly durationMs: number;
}

/** What an import takes, too. */
const maxChars = 2_000_000;

/** @throws AppError INPUT_FILE_INVALID, and what the classifier says */
export async function classifyTranscript(
  { taxonomy, classifier }: ClassifyTranscriptDeps,
  { transcript, name, signal }: ClassifyTranscriptRequest,
): Promise<ClassifiedTranscript> {
  if (transcript.length > maxChars) {
    const found = `${name} has ${transcript.length} characters, at most ${maxChars} are taken.`;
    throw new AppError('INPUT_FILE_INVALID', found);
  }
  const startMs = performance.now();
  const answer = await classifier.classify({ transcript, sellerPrompt: null, signal });
  const durationMs = performance.now() - startMs;
  const order = taxonomy.fields.map(({ id }) => id);
  return {
    answer,
    labels: labelsOf({ runFields: answer.fields, columns: {}, corrected: {}, order }),
    classifier: classifier.kind,
    model: classifier.model,
    taxonomyVersion: taxonomy.version,
    durationMs,
  };
}
