/** Turns labelled meetings into examples: the proposals of each field with their numbers, and which of them are right. */
import type { FittedWeights, Taxonomy } from '../../models/taxonomy.ts';
import type { Classifier, FieldResult } from '../classification/classifier.ts';
import { createOfflineClassifier } from '../classification/rules/offline-classifier.ts';
import { answerKey } from '../evaluation/compare.ts';
import type { LabelledMeeting } from '../evaluation/labelled-meetings.ts';

/** A meeting of an author, with the weight of its errors. */
export interface FittingMeeting extends LabelledMeeting {
  readonly author: string;
  readonly weight: number;
}

export interface Alternative {
  readonly indexes: Int32Array;
  readonly values: Float64Array;
  readonly isRight: boolean;
}

/** One field of one meeting. Null is an alternative too, with the utility 0. */
export interface Example {
  readonly author: string;
  readonly weight: number;
  readonly alternatives: readonly Alternative[];
  readonly isNullRight: boolean;
  /** Whether the label itself is null. */
  readonly isNull: boolean;
}

/** Fields that weights decide. The whole text decides those of `text`. */
export interface FittedFields {
  readonly phrase: readonly string[];
  readonly text: readonly string[];
}

export interface Collected {
  /** By field id. */
  readonly examples: ReadonlyMap<string, readonly Example[]>;
  /** Number of weights by field id. */
  readonly answers: readonly Readonly<Record<string, FieldResult>>[];
}

/** Weights of zero for every field to be fitted, so that the classifier describes its proposals. */
export function emptyWeights(taxonomy: Taxonomy, fields: FittedFields, vocabulary: readonly string[]): FittedWeights {
  const chosen = [...fields.phrase, ...fields.text];
  return {
    taxonomy: taxonomy.id,
    data: '',
    digest: '',
    meetings: 1,
    seed: 0,
    vocabulary: [...vocabulary],
    curves: {},
    fields: Object.fromEntries(
      taxonomy.file.fields
        .filter(({ id }) => chosen.includes(id))
        .map(({ id, values, frames }) => [
          id,
          {
            values: values.map((value) => value.id),
            frames: frames.length,
            readsText: fields.text.includes(id),
            weights: [],
            unit: 1,
            floor: 0,
            confidence: { scale: 1, shift: 0 },
          },
        ]),
    ),
  };
}

/** Classifies each meeting once and keeps what was proposed. Needs a taxonomy with `emptyWeights`. */
export async function collectExamples(taxonomy: Taxonomy, meetings: readonly FittingMeeting[]): Promise<Collected> {
  let proposed = new Map<string, { part: number; indexes: Int32Array; values: Float64Array }[]>();
  const { weights: _weights, ...rules } = taxonomy;
  const plain = createOfflineClassifier(rules);
  const classifier = createOfflineClassifier(taxonomy, undefined, {
    onProposal({ id }, part, { indexes, values, count }) {
      const list = proposed.get(id) ?? [];
      list.push({ part, indexes: indexes.slice(0, count), values: values.slice(0, count) });
      proposed.set(id, list);
    },
  });
  const examples = new Map<string, Example[]>(Object.keys(taxonomy.weights?.fields ?? {}).map((id) => [id, []]));
  const answers: Readonly<Record<string, FieldResult>>[] = [];
  for (const meeting of meetings) {
    proposed = new Map();
    await classify(classifier, meeting.transcript);
    answers.push((await classify(plain, meeting.transcript)).fields);
    for (const [id, list] of examples) {
      const field = taxonomy.file.fields.find((each) => each.id === id);
      if (meeting.labels === null || !Object.hasOwn(meeting.labels, id) || field === undefined) continue;
      const label = meeting.labels[id] ?? null;
      const right = new Set([label, ...(meeting.acceptable[id] ?? [])].map((value) => String(value ?? null)));
      list.push({
        author: meeting.author,
        weight: meeting.weight,
        alternatives: (proposed.get(id) ?? []).map(({ part, indexes, values }) => ({
          indexes,
          values,
          isRight: right.has(field.values[part]?.id ?? ''),
        })),
        isNullRight: right.has('null'),
        isNull: answerKey(label) === 'null',
      });
    }
  }
  return { examples, answers };
}

function classify(classifier: Classifier, transcript: string) {
  return classifier.classify({ transcript, sellerPrompt: null, signal: AbortSignal.timeout(60_000) });
}
