// Prints the `calibration` of a taxonomy: npx tsx scripts/fit-confidence.ts taxonomies/sales-meeting.yaml tests/fixtures/{meetings,everyday}/*.jsonl
// Fits on rows whose `split` is not "test", by the rules' own confidences, and tells on stderr what it does to the rows kept apart.
import { readFileSync } from 'node:fs';
import { loadTaxonomy } from '../src/models/taxonomy.ts';
import type { FieldResult } from '../src/services/classification/classifier.ts';
import { createCalibration } from '../src/services/classification/rules/calibrate.ts';
import { createOfflineClassifier } from '../src/services/classification/rules/offline-classifier.ts';
import { judgeAnswers, measureCalibration } from '../src/services/evaluation/calibration.ts';
import { fitCurve } from '../src/services/evaluation/fit-curve.ts';
import { readLabelledMeetings } from '../src/services/evaluation/labelled-meetings.ts';

const [taxonomyFile = '', ...meetingFiles] = process.argv.slice(2);
const loaded = loadTaxonomy(readFileSync(taxonomyFile, 'utf8'), taxonomyFile);
const { calibration: _former, ...file } = loaded.file;
const classifier = createOfflineClassifier({ ...loaded, file });
const isKeptApart = (line: string) => /"split": ?"test"/.test(line);
const lines = meetingFiles
  .flatMap((path) => readFileSync(path, 'utf8').split('\n'))
  .filter((line) => line.trim() !== '');

async function judge(
  rows: readonly string[],
  change: (answers: Record<string, FieldResult>) => Record<string, FieldResult>,
) {
  const meetings = readLabelledMeetings(rows.join('\n'), taxonomyFile);
  const answers = new Map<string, Record<string, FieldResult>>();
  for (const { id, transcript } of meetings) {
    const { fields } = await classifier.classify({
      transcript,
      sellerPrompt: null,
      signal: AbortSignal.timeout(60_000),
    });
    answers.set(id, change({ ...fields }));
  }
  return judgeAnswers(loaded.fields, meetings, answers);
}

const keep = (answers: Record<string, FieldResult>) => answers;
const typeOf = new Map(loaded.fields.map(({ id, type }) => [id, type]));
const fitted = await judge(
  lines.filter((line) => !isKeptApart(line)),
  keep,
);
const types = [...new Set(loaded.fields.map(({ type }) => type))];
const curves = types.map((type) => [type, fitCurve(fitted.filter(({ field }) => typeOf.get(field) === type))] as const);
const calibration = Object.fromEntries(
  curves
    .filter(([, points]) => points.length > 0)
    .map(([type, points]) => [type, points.map(([x, y]): [number, number] => [x, y])]),
);

console.log('calibration:');
for (const [type, points] of Object.entries(calibration))
  console.log(`  ${type}: [${points.map(([from, share]) => `[${from}, ${share}]`).join(', ')}]`);

const apart = lines.filter(isKeptApart);
if (apart.length > 0) {
  const calibrate = createCalibration({ fields: file.fields, calibration });
  const apply = (answers: Record<string, FieldResult>) =>
    Object.fromEntries(
      file.fields.flatMap(({ id }, index) => (answers[id] === undefined ? [] : [[id, calibrate(index, answers[id])]])),
    );
  const [before, after] = [measureCalibration(await judge(apart, keep)), measureCalibration(await judge(apart, apply))];
  console.error(
    `${apart.length} rows kept apart, ${before.answers} answers: ECE ${before.ece.toFixed(3)} before, ${after.ece.toFixed(3)} after`,
  );
}
