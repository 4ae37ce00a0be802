/** Classifies a bare transcript in this process: no server, no job, nothing stored. */
import { performance } from 'node:perf_hooks';
import { chooseClassifier, readTaxonomy } from '../app.ts';
import { AppError } from '../core/errors.ts';
import { labelsOf } from '../services/reporting/meeting-labels.ts';
import { describeLabels, describeTexts } from './describe-labels.ts';
import type { Cli } from './kit/cli.ts';
import { readInput } from './read-input.ts';

/** What an import takes, too. */
const maxChars = 2_000_000;
/** Four bytes a character at most. */
const maxBytes = 8 * 1024 ** 2;

/** @throws AppError INPUT_FILE_INVALID */
export async function classifyFile(cli: Cli, path: string): Promise<void> {
  const { text, name } = await readInput(path, { what: 'a transcript as plain text', maxBytes, anyEncoding: true });
  if (text.length > maxChars) {
    throw new AppError('INPUT_FILE_INVALID', `${name} has ${text.length} characters, at most ${maxChars} are taken.`);
  }
  const { config } = cli.config();
  const taxonomy = await readTaxonomy(config);
  const classifier = await chooseClassifier(config, taxonomy);
  const startMs = performance.now();
  const answer = await classifier.classify({ transcript: text, sellerPrompt: null, signal: cli.signal });
  const durationMs = performance.now() - startMs;
  const texts = {
    key_topics: answer.keyTopics,
    action_items: answer.actionItems,
    next_steps: answer.nextSteps,
    summary: answer.summary,
  };
  if (cli.json) {
    cli.document({
      success: true,
      classifier: classifier.kind,
      model: classifier.model,
      taxonomy_version: taxonomy.version,
      fields: answer.fields,
      ...texts,
      confidence: answer.confidence,
      truncated: answer.truncated,
      needs_review: answer.needsReview,
      duration_ms: Number(durationMs.toFixed(3)),
    });
    return;
  }
  const order = taxonomy.fields.map(({ id }) => id);
  const labels = labelsOf({ runFields: answer.fields, columns: {}, corrected: {}, order });
  cli.out([describeLabels(cli, labels), describeTexts(cli, texts)].filter((part) => part !== '').join('\n\n'));
  const flags = [
    `${classifier.model}, confidence ${answer.confidence.toFixed(2)}`,
    answer.truncated ? 'the transcript was too long to be read whole' : '',
    answer.needsReview ? 'a person should look at it' : '',
  ];
  cli.note(`\n${flags.filter((flag) => flag !== '').join('; ')}.`);
}
