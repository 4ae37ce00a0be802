// Fits the decisions of the default taxonomy: npm run fit -- <folder of labelled meetings>. One file is one author.
// Writes taxonomies/sales-meeting.weights.json. Rows with "split": "test" are left out. Then, for each author of full weight, it fits everything
// again without that author (vocabulary, weights, floors, confidence) and prints how the classifier labels the author's meetings.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { loadTaxonomy, type Taxonomy, withWeights } from '../src/models/taxonomy.ts';
import type { FieldResult } from '../src/services/classification/classifier.ts';
import { createOfflineClassifier } from '../src/services/classification/rules/offline-classifier.ts';
import { type JudgedAnswer, judgeAnswers, measureCalibration } from '../src/services/evaluation/calibration.ts';
import { readLabelledMeetings } from '../src/services/evaluation/labelled-meetings.ts';
import { scoreMeetings } from '../src/services/evaluation/score.ts';
import type { FittingMeeting } from '../src/services/fitting/examples.ts';
import { fitDecisions } from '../src/services/fitting/fit.ts';

const folder = process.argv[2] ?? '';
const yaml = 'taxonomies/sales-meeting.yaml';
/** Cues were written with these meetings at hand, so they say less about unseen ones. */
const knownWeight = 0.7;
const own = ['tests/fixtures/meetings', 'tests/fixtures/everyday'].flatMap((each) =>
  readdirSync(each).map((name) => ({ file: path.join(each, name), author: path.basename(each), weight: knownWeight })),
);
const given = readdirSync(folder).map((name) => ({
  file: path.join(folder, name),
  author: name,
  weight: name.startsWith('dev.') ? knownWeight : 1,
}));
const sources = [...given, ...own]
  .filter(({ file }) => file.endsWith('.jsonl'))
  .sort((a, b) => (a.file < b.file ? -1 : 1));

const digest = createHash('sha256');
const meetings: FittingMeeting[] = sources.flatMap(({ file, author, weight }) => {
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '' && !/"split": ?"test"/.test(line));
  digest.update(lines.join('\n'));
  return lines.length === 0
    ? []
    : readLabelledMeetings(lines.join('\n'), file).map((each) => ({ ...each, author, weight }));
});
const taxonomy = loadTaxonomy(readFileSync(yaml, 'utf8'), yaml);
const phrase = [
  'business_sector',
  'company_size',
  'region',
  'lead_source',
  'use_case',
  'primary_pain_point',
  'decision_maker_role',
];
const text = ['purchase_stage', 'sentiment'];
/** Fields that the mean is over: those with weights, urgency and language. */
const measured = [...phrase, ...text, 'urgency', 'language'];
const name = 'sales-meeting.weights.json';

async function fitFile(rows: readonly FittingMeeting[], data: string): Promise<string> {
  const { weights } = await fitDecisions(taxonomy, rows, { phrase, text });
  return `${JSON.stringify({ ...weights, data, seed: 0 })}\n`;
}

async function label(by: Taxonomy, rows: readonly FittingMeeting[]) {
  const classifier = createOfflineClassifier(by);
  const answers = new Map<string, Readonly<Record<string, FieldResult>>>();
  for (const { id, transcript } of rows) {
    const { fields } = await classifier.classify({
      transcript,
      sellerPrompt: null,
      signal: AbortSignal.timeout(60_000),
    });
    answers.set(id, fields);
  }
  return answers;
}

type Answers = Awaited<ReturnType<typeof label>>;

function report(title: string, rows: readonly FittingMeeting[], answers: Answers): void {
  const predictions = new Map(
    [...answers].map(([id, fields]) => [
      id,
      Object.fromEntries(Object.entries(fields).map(([field, { value }]) => [field, value])),
    ]),
  );
  const { fields } = scoreMeetings(taxonomy.fields, rows, predictions, { seed: 1, resamples: 1, level: 0.95 });
  const shown = fields.filter(({ field }) => measured.includes(field));
  const mean = shown.reduce((sum, { lenient }) => sum + lenient, 0) / shown.length;
  const nulls = shown.reduce((sum, { goldNulls }) => sum + goldNulls, 0);
  const kept = shown.reduce((sum, { nullsKept }) => sum + nullsKept, 0);
  const each = shown.map(({ field, lenient }) => `${field} ${lenient.toFixed(2)}`).join(', ');
  console.log(`${title}: mean ${mean.toFixed(3)}, nulls kept ${(kept / nulls).toFixed(3)} of ${nulls}; ${each}`);
}

function reportConfidence(title: string, judged: readonly JudgedAnswer[]): void {
  const sure = judged.filter(({ confidence }) => confidence >= 0.9);
  const right = sure.filter(({ isRight }) => isRight).length;
  const { answers, ece } = measureCalibration(judged);
  const share = (right / sure.length).toFixed(3);
  console.log(`${title}: ${answers} answers, ECE ${ece.toFixed(3)}; of ${sure.length} with 0.9 or more ${share} right`);
}

writeFileSync(`taxonomies/${name}`, await fitFile(meetings, digest.digest('hex')));

const judged: JudgedAnswer[] = [];
const whole: { rows: FittingMeeting[]; rules: Answers; fitted: Answers } = {
  rows: [],
  rules: new Map(),
  fitted: new Map(),
};
for (const author of new Set(meetings.filter(({ weight }) => weight === 1).map((each) => each.author))) {
  const rows = meetings.filter((each) => each.author === author);
  const others = meetings.filter((each) => each.author !== author);
  const rules = await label(taxonomy, rows);
  const fitted = await label(withWeights(taxonomy, await fitFile(others, ''), name), rows);
  report(`${author}, rules`, rows, rules);
  report(`${author}, weights`, rows, fitted);
  judged.push(...judgeAnswers(taxonomy.fields, rows, fitted));
  whole.rows.push(...rows);
  for (const [id, answer] of rules) whole.rules.set(id, answer);
  for (const [id, answer] of fitted) whole.fitted.set(id, answer);
}
for (const language of ['es', 'en']) {
  const rows = whole.rows.filter(({ labels }) => labels?.language === language);
  report(`${language}, rules`, rows, whole.rules);
  report(`${language}, weights`, rows, whole.fitted);
}
const withOwn = Object.keys(
  withWeights(taxonomy, readFileSync(`taxonomies/${name}`, 'utf8'), name).weights?.fields ?? {},
);
reportConfidence(
  'fields with weights',
  judged.filter(({ field }) => withOwn.includes(field)),
);
reportConfidence('all fields', judged);
