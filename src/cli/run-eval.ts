/** The life of `vambe eval`: read the file, classify every row in this process, score, report. */
import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { chooseClassifier, readTaxonomy } from '../app.ts';
import type { Taxonomy } from '../models/taxonomy.ts';
import type { Classifier } from '../services/classification/classifier.ts';
import { type LabelledMeeting, readLabelledMeetings } from '../services/evaluation/labelled-meetings.ts';
import { type Prediction, scoreMeetings } from '../services/evaluation/score.ts';
import type { Cli } from './cli.ts';
import { describeEvaluation, type EvaluationReport, type Latency, toDocument } from './describe-evaluation.ts';
import { readInput } from './read-input.ts';

/** Rows and their predictions are held in memory. */
const maxBytes = 256 * 1024 ** 2;
/** The loop answers Ctrl-C and draws the bar in between. */
const rowsATurn = 50;

export async function runEval(cli: Cli, path: string, { verbose = false }: { verbose?: boolean }): Promise<void> {
  const { text, name } = await readInput(path, { what: 'labelled meetings, one JSON object a line', maxBytes });
  const meetings = readLabelledMeetings(text, name);
  const { config } = cli.config();
  const taxonomy = await readTaxonomy(config);
  const classifier = await chooseClassifier(config, taxonomy);
  tellUnknownFields(cli, taxonomy, meetings);
  const { predictions, latency } = await classifyAll(cli, classifier, meetings);
  const report: EvaluationReport = {
    file: name,
    classifier: classifier.kind,
    model: classifier.model,
    taxonomyVersion: taxonomy.version,
    evaluation: scoreMeetings(taxonomy.fields, meetings, predictions),
    latency,
  };
  if (cli.json) cli.document(toDocument(report, predictions));
  else cli.out(describeEvaluation(cli, report, { isVerbose: verbose }));
}

async function classifyAll(
  cli: Cli,
  classifier: Classifier,
  meetings: readonly LabelledMeeting[],
): Promise<{ predictions: ReadonlyMap<string, Prediction>; latency: Latency }> {
  const predictions = new Map<string, Prediction>();
  const durations: number[] = [];
  const bar = cli.bar(meetings.length, 'classifying');
  try {
    for (const [index, { id, transcript }] of meetings.entries()) {
      if (index % rowsATurn === 0) {
        bar.update(index);
        await nextTurn(undefined, { signal: cli.signal });
      }
      const startMs = performance.now();
      const { fields } = await classifier.classify({ transcript, sellerPrompt: null, signal: cli.signal });
      durations.push(performance.now() - startMs);
      predictions.set(id, Object.fromEntries(Object.entries(fields).map(([field, { value }]) => [field, value])));
    }
    bar.update(meetings.length);
  } finally {
    bar.stop();
  }
  return { predictions, latency: describeDurations(durations) };
}

function describeDurations(durations: number[]): Latency {
  const sorted = durations.sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  const sum = sorted.reduce((total, each) => total + each, 0);
  return { meanMs: sum / Math.max(1, sorted.length), p50Ms: at(0.5), p95Ms: at(0.95), maxMs: at(1) };
}

/** A misspelt field would be passed over in silence. */
function tellUnknownFields(cli: Cli, { fields, fileName }: Taxonomy, meetings: readonly LabelledMeeting[]): void {
  const labelled = new Set(meetings.flatMap(({ labels }) => Object.keys(labels ?? {})));
  const unknown = [...labelled].filter((id) => fields.every((field) => field.id !== id));
  if (unknown.length > 0)
    cli.note(`vambe: labels of fields that ${fileName} does not have are not scored: ${unknown.join(', ')}.`);
}
