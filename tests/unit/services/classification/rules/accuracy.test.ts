/** Holds accuracy on meetings that the cues were not written for. `split: train` may be looked at when cues change, `test` may not. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadTaxonomy, withWeights } from '../../../../../src/models/taxonomy.ts';
import type { FieldResult } from '../../../../../src/services/classification/classifier.ts';
import { createOfflineClassifier } from '../../../../../src/services/classification/rules/offline-classifier.ts';
import { judgeAnswers, measureCalibration } from '../../../../../src/services/evaluation/calibration.ts';
import {
  type LabelledMeeting,
  readLabelledMeetings,
} from '../../../../../src/services/evaluation/labelled-meetings.ts';
import { type Evaluation, type Prediction, scoreMeetings } from '../../../../../src/services/evaluation/score.ts';

const taxonomy = loadTaxonomy(readFileSync('taxonomies/sales-meeting.yaml', 'utf8'), 'sales-meeting.yaml');
const classifier = createOfflineClassifier(taxonomy);
const options = { seed: 1, resamples: 50, level: 0.95 };

/** Expected calibration error on rows that the curves were not fit on. */
async function errorOf(of: typeof classifier): Promise<number> {
  const answers = new Map<string, Readonly<Record<string, FieldResult>>>();
  for (const { id, transcript } of meetings) {
    const { fields } = await of.classify({ transcript, sellerPrompt: null, signal: new AbortController().signal });
    answers.set(id, fields);
  }
  return measureCalibration(judgeAnswers(taxonomy.fields, meetings, answers)).ece;
}

async function evaluate(meetings: readonly LabelledMeeting[], by = classifier): Promise<Evaluation> {
  const predictions = new Map<string, Prediction>();
  for (const { id, transcript } of meetings) {
    const { fields } = await by.classify({
      transcript,
      sellerPrompt: null,
      signal: new AbortController().signal,
    });
    predictions.set(id, Object.fromEntries(Object.entries(fields).map(([field, { value }]) => [field, value])));
  }
  return scoreMeetings(taxonomy.fields, meetings, predictions, options);
}

/** Rows of a folder that no cue was written for. */
function readHeldOut(folder: string): LabelledMeeting[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .flatMap((name) => {
      const lines = readFileSync(`${folder}/${name}`, 'utf8').split('\n');
      return readLabelledMeetings(lines.filter((line) => line.includes('"split": "test"')).join('\n'), name);
    });
}

/** Every value in turn. */
const varied = readHeldOut('tests/fixtures/meetings');
/** As meetings come, most of them of a few common values. */
const everyday = readHeldOut('tests/fixtures/everyday');
const meetings = [...varied, ...everyday];

describe('meetings of our own, kept apart from the cues', () => {
  it('are labelled right in 93 of 100 cases, where the commonest value is right in less than half', async () => {
    const { mean } = await evaluate(varied);
    expect(mean.fields).toHaveLength(13);
    expect(mean.lenient).toBeGreaterThanOrEqual(0.93);
    expect(mean.baselineLenient).toBeLessThan(0.5);
  });

  it('are labelled right in 92 of 100 cases in everyday talk, written apart from the cues', async () => {
    const { mean } = await evaluate(everyday);
    expect(mean.lenient).toBeGreaterThanOrEqual(0.92);
  });

  it('are labelled in English no worse than five points below Spanish', async () => {
    const inLanguage = async (language: string): Promise<number> =>
      (await evaluate(meetings.filter((meeting) => meeting.labels?.language === language))).mean.lenient;
    expect(await inLanguage('en')).toBeGreaterThanOrEqual((await inLanguage('es')) - 0.05);
  });
});

describe('fitted weights', () => {
  const weights = readFileSync('taxonomies/sales-meeting.weights.json', 'utf8');
  const fitted = createOfflineClassifier(withWeights(taxonomy, weights, 'sales-meeting.weights.json'));

  it('keep accuracy and calibration on meetings that no weight was fitted on', async () => {
    expect((await evaluate(meetings, fitted)).mean.lenient).toBeGreaterThanOrEqual(0.9);
    // Measured 0.054: confidences are fitted on other authors, whose meetings are harder, so they say less than is right here.
    expect(await errorOf(fitted)).toBeLessThanOrEqual(0.06);
  });

  it('are refused for another taxonomy', async () => {
    const other = { ...taxonomy, id: 'other' };
    expect(() => withWeights(other, weights, 'other.weights.json')).toThrow('not for "other"');
  });
});

describe('confidence', () => {
  it('lies within three points of the share that is right, where the rules alone are more than fifteen off', async () => {
    const { calibration: _curves, ...file } = taxonomy.file;
    expect(await errorOf(classifier)).toBeLessThanOrEqual(0.03);
    expect(await errorOf(createOfflineClassifier({ ...taxonomy, file }))).toBeGreaterThan(0.15);
  });
});
