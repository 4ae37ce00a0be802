// Fits the decisions of the default taxonomy: npm run fit -- <folder of labelled meetings>. One file is one author.
// Writes taxonomies/sales-meeting.weights.json and prints what answers on unseen authors are worth. Rows with "split": "test" are left out.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { loadTaxonomy } from '../src/models/taxonomy.ts';
import { readLabelledMeetings } from '../src/services/evaluation/labelled-meetings.ts';
import type { Judged } from '../src/services/fitting/confidence.ts';
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
const { weights, unseen } = await fitDecisions(taxonomy, meetings, { phrase, text });
writeFileSync(
  'taxonomies/sales-meeting.weights.json',
  `${JSON.stringify({ ...weights, data: digest.digest('hex'), seed: 0 })}\n`,
);

const isAnswer = (each: Judged, floor: number) => each.probability >= floor;
const share = (list: readonly boolean[]) => (list.filter(Boolean).length / list.length).toFixed(2);
for (const author of [...new Set(meetings.map((each) => each.author))]) {
  const nulls: boolean[] = [];
  const shares = [...unseen].map(([id, judged]) => {
    const floor = weights.fields[id]?.floor ?? 0;
    const mine = judged.filter((each) => each.author === author);
    nulls.push(...mine.filter((each) => each.isNull).map((each) => !isAnswer(each, floor)));
    return [id, Number(share(mine.map((each) => (isAnswer(each, floor) ? each.isRight : each.isNullRight))))] as const;
  });
  const mean = (shares.reduce((sum, [, each]) => sum + each, 0) + 1) / (shares.length + 1);
  console.log(
    author.padEnd(14),
    'mean',
    mean.toFixed(3),
    'nulls kept',
    share(nulls),
    shares.map(([id, each]) => `${id.slice(0, 8)} ${each}`).join(' '),
  );
}
const sure: boolean[] = [];
const bins = new Map<number, { sum: number; right: number; count: number }>();
for (const [id, judged] of unseen) {
  const { floor = 0, confidence: { scale, shift } = { scale: 1, shift: 0 } } = weights.fields[id] ?? {};
  for (const each of judged.filter((one) => one.weight === 1 && isAnswer(one, floor))) {
    const confidence =
      1 / (1 + Math.exp(-(scale * Math.log(each.probability / (1 - each.probability + 1e-9)) + shift)));
    if (confidence >= 0.9) sure.push(each.isRight);
    const bin = Math.min(9, Math.floor(confidence * 10));
    const at = bins.get(bin) ?? { sum: 0, right: 0, count: 0 };
    bins.set(bin, { sum: at.sum + confidence, right: at.right + (each.isRight ? 1 : 0), count: at.count + 1 });
  }
}
const all = [...bins.values()];
const count = all.reduce((sum, each) => sum + each.count, 0);
console.log(
  `ECE ${(all.reduce((sum, each) => sum + Math.abs(each.sum - each.right), 0) / count).toFixed(3)}, of ${sure.length} answers said to be 0.9 or more ${share(sure)} right`,
);
