/** Classifies labelled meetings in this process and scores the answers. */
import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Taxonomy } from '../../models/taxonomy.ts';
import type { Classifier, FieldResult, ModelUsage } from '../classification/classifier.ts';
import { judgeAnswers, measureCalibration } from './calibration.ts';
import { answerKey } from './compare.ts';
import { type Comparison, compareClassifiers } from './comparison.ts';
import type { LabelledMeeting } from './labelled-meetings.ts';
import { type EvaluationReport, valuesOf } from './report.ts';
import { describeDurations, sumUsages } from './run-figures.ts';
import { scoreMeetings } from './score.ts';

/** What is evaluated; `name` tells it from another one. */
export interface EvaluationSubject {
  readonly name: string;
  readonly taxonomy: Taxonomy;
  readonly classifier: Classifier;
}

export interface EvaluationRequest {
  /** Of the meetings, for the report. */
  readonly file: string;
  readonly meetings: readonly LabelledMeeting[];
  readonly signal: AbortSignal;
  onProgress?(classified: number): void;
}

/** @throws what the classifier says, or as aborted */
export async function evaluateClassifier(
  { name, taxonomy, classifier }: EvaluationSubject,
  request: EvaluationRequest,
): Promise<EvaluationReport> {
  const { file, meetings } = request;
  const { answers, latency, cost } = await classifyAll(classifier, request);
  return {
    file,
    name,
    classifier: classifier.kind,
    model: classifier.model,
    taxonomyVersion: taxonomy.version,
    evaluation: scoreMeetings(taxonomy.fields, meetings, valuesOf({ answers })),
    calibration: measureCalibration(judgeAnswers(taxonomy.fields, meetings, answers)),
    latency,
    cost,
    answers,
  };
}

/** Between turns the process answers signals and draws its progress. */
const rowsPerTurn = 50;

async function classifyAll(
  classifier: Classifier,
  { meetings, signal, onProgress }: EvaluationRequest,
): Promise<Pick<EvaluationReport, 'answers' | 'latency' | 'cost'>> {
  const answers = new Map<string, Readonly<Record<string, FieldResult>>>();
  const durations: number[] = [];
  const usages: ModelUsage[] = [];
  for (const [index, { id, transcript }] of meetings.entries()) {
    if (index % rowsPerTurn === 0) {
      onProgress?.(index);
      await nextTurn(undefined, { signal });
    }
    const startMs = performance.now();
    const { fields, usage } = await classifier.classify({ transcript, sellerPrompt: null, signal });
    durations.push(performance.now() - startMs);
    if (usage !== undefined) usages.push(usage);
    answers.set(id, fields);
  }
  onProgress?.(meetings.length);
  return { answers, latency: describeDurations(durations), cost: sumUsages(usages) };
}

/** Two reports on the same meetings; fields that just one taxonomy has are left out. */
export function compareReports(
  taxonomies: readonly [Taxonomy, Taxonomy],
  meetings: readonly LabelledMeeting[],
  reports: readonly [EvaluationReport, EvaluationReport],
): Comparison {
  const [first, second] = taxonomies;
  const shared = first.fields.filter(({ id }) => second.fields.some((field) => field.id === id));
  return compareClassifiers(shared, meetings, [valuesOf(reports[0]), valuesOf(reports[1])]);
}

export interface UnknownLabels {
  /** Ids of fields that the taxonomy does not have: they are not scored. */
  readonly fields: readonly string[];
  /** `field "value"` that the taxonomy does not have: they count as wrong. */
  readonly values: readonly string[];
}

/** Labels that no answer can match, most of them misspelt. */
export function findUnknownLabels(taxonomy: Taxonomy, meetings: readonly LabelledMeeting[]): UnknownLabels {
  const labelled = new Set(meetings.flatMap(({ labels }) => Object.keys(labels ?? {})));
  const values = new Set<string>();
  for (const { id, type, values: choices } of taxonomy.fields) {
    if (choices.length === 0) continue;
    const keyOf = (value: unknown) => answerKey(type === 'list' ? [value] : value);
    const known = new Set(choices.map((value) => keyOf(value.id)));
    for (const { labels } of meetings)
      for (const label of [labels?.[id] ?? []].flat())
        if (!known.has(keyOf(label))) values.add(`${id} ${JSON.stringify(label)}`);
  }
  return {
    fields: [...labelled].filter((id) => taxonomy.fields.every((field) => field.id !== id)),
    values: [...values],
  };
}
