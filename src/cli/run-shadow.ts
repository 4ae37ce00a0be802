/** The life of `vambe shadow`: look for rows that somebody saved, classify the same meetings here, compare; nothing is written. */
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { chooseClassifier, readTaxonomy } from '../app.ts';
import { postgresUrl } from '../config/derived.ts';
import { createDatabase, type Database } from '../core/database.ts';
import { AppError } from '../core/errors.ts';
import { findSavedRows, findSavedVersions, readSavedPlace, type SavedRow } from '../models/queries/saved-rows.ts';
import type { Classifier } from '../services/classification/classifier.ts';
import { createSavedWatch } from '../services/evaluation/saved-watch.ts';
import { createShadowCounter, type ShadowCounter } from '../services/evaluation/shadow.ts';
import { writeShadowPage } from '../services/evaluation/shadow-page.ts';
import { refuseUnaskedCost } from './describe-changes.ts';
import { describeShadow, shadowDocument } from './describe-shadow.ts';
import type { Cli } from './kit/cli.ts';
import { describePageFile, requirePageFile, writePageFile } from './page-file.ts';

/** A look reads the table once, so not more often than a person would notice. */
const lookEveryMs = 2_000;
const tellEveryMs = 30_000;
/** Transcripts are held in memory. */
const rowsARead = 100;
/** A model is waited for; the rules are not, and keep the loop for themselves anyway. */
const meetingsAtOnce = 10;

export interface ShadowOptions {
  /** ISO 8601; unset: until Ctrl-C, or once where `since` is set. */
  readonly until?: string;
  readonly since?: string;
  readonly limit?: number;
  readonly mostExamples: number;
  readonly html?: string;
  /** Whether a model that costs money may be asked. */
  readonly mayPay: boolean;
}

/** @throws AppError USAGE without a database or where a model would be paid unasked, TAXONOMY_INVALID, SCHEMA_DIFFERS, DATABASE_* */
export async function runShadow(cli: Cli, options: ShadowOptions): Promise<void> {
  const { config } = cli.config();
  const url = postgresUrl(config);
  if (url === null) {
    const words =
      'A shadow reads the database of another worker, and none is given. Set DATABASE_URL or POSTGRES_HOST.';
    throw new AppError('USAGE', words);
  }
  const taxonomy = await readTaxonomy(config);
  // Without a memory the classifier keeps no reply, so that nothing is written by it either.
  const classifier = await chooseClassifier(config, taxonomy);
  refuseUnaskedCost(classifier, { mayPay: options.mayPay, what: 'A shadow' });
  await requirePageFile(options.html);
  const counter = createShadowCounter(taxonomy, { mostExamples: options.mostExamples });
  const prepared = config.postgresPrepared === 'on';
  const database = createDatabase({ url, poolSize: 2, prepared, readOnly: true, applicationName: 'vambe shadow' });
  try {
    await watchRows(cli, { database, classifier, counter, options });
  } finally {
    await database.close();
  }
  const report = counter.report();
  if (report.failed.length > 0) cli.exitWith(4);
  else if (report.rows === 0) cli.exitWith(3);
  const { html } = options;
  const by = { classifier: classifier.kind, model: classifier.model, taxonomyVersion: taxonomy.version };
  if (html !== undefined) await writePageFile(html, writeShadowPage(report, by));
  if (cli.json) cli.document(shadowDocument(report, by));
  else cli.out(describeShadow(cli, report, by));
  if (html !== undefined) cli.note(describePageFile(html));
  cli.note('vambe: nothing was written to the database, and no message was touched.');
}

interface Watching {
  readonly database: Database;
  readonly classifier: Classifier;
  readonly counter: ShadowCounter;
  readonly options: ShadowOptions;
}

async function watchRows(cli: Cli, watching: Watching): Promise<void> {
  const { database, counter, options } = watching;
  const { since = null, limit = Number.POSITIVE_INFINITY } = options;
  const place = await readSavedPlace(database);
  const watch = createSavedWatch((from) => findSavedVersions(database, from), { since });
  const endMs = endOf(options);
  let [done, toldMs] = [0, performance.now()];
  for (let isLast = false; !isLast && done < limit; ) {
    // Asked before the look: what was saved up to the end is in it.
    isLast = Date.now() >= endMs;
    const versions = await watch.look();
    for (let at = 0; at < versions.length && done < limit; at += rowsARead) {
      const rows = await findSavedRows(database, versions.slice(at, at + rowsARead), place);
      const wanted = rows.slice(0, limit - done);
      if (!(await compareRows(cli, watching, wanted))) return;
      done += wanted.length;
    }
    if (performance.now() - toldMs >= tellEveryMs) {
      toldMs = performance.now();
      const { same, different } = counter.report();
      cli.note(`vambe: ${same} rows are the same, ${different} differ so far.`);
    }
    const restMs = Math.max(0, Math.min(lookEveryMs, endMs - Date.now()));
    if (!isLast && done < limit && !(await waited(restMs, cli.signal))) return;
  }
}

/** Milliseconds since 1970. */
function endOf({ until, since }: ShadowOptions): number {
  if (until !== undefined) return Date.parse(until);
  return since === undefined ? Number.POSITIVE_INFINITY : 0;
}

/** False when it was interrupted. */
async function waited(ms: number, signal: AbortSignal): Promise<boolean> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
  return !signal.aborted;
}

/** False when it was interrupted: what was compared until then is reported. */
async function compareRows(cli: Cli, watching: Watching, rows: readonly SavedRow[]): Promise<boolean> {
  for (let at = 0; at < rows.length; at += meetingsAtOnce) {
    await Promise.all(rows.slice(at, at + meetingsAtOnce).map((row) => compareRow(cli, watching, row)));
    if (!(await waited(0, cli.signal))) return false;
  }
  return true;
}

async function compareRow(cli: Cli, { classifier, counter }: Watching, row: SavedRow): Promise<void> {
  const { meeting_id: meetingId, transcript, seller_prompt: sellerPrompt, saved } = row;
  const startMs = performance.now();
  try {
    const answer = await classifier.classify({ transcript, sellerPrompt, signal: cli.signal });
    counter.add({ meetingId, saved, answer, durationMs: performance.now() - startMs });
  } catch (error) {
    if (cli.signal.aborted) return;
    if (!(error instanceof AppError)) throw error;
    counter.fail({ meetingId, code: error.code });
  }
}
