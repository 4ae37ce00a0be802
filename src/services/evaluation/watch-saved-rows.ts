/** Shadow: classifies the meetings whose rows another worker saves, and compares; nothing is written. */
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../core/clock.ts';
import type { Database } from '../../core/connections/database.ts';
import { AppError } from '../../core/errors.ts';
import { findSavedRows, findSavedVersions, readSavedPlace, type SavedRow } from '../../models/queries/saved-rows.ts';
import type { Taxonomy } from '../../models/taxonomy.ts';
import type { Classifier } from '../classification/classifier.ts';
import { createSavedWatch } from './saved-watch.ts';
import { createShadowCounter, type ShadowCounter, type ShadowReport } from './shadow.ts';

/** Each look reads the whole table once. */
const lookEveryMs = 2_000;
/** Transcripts are held in memory. */
const rowsPerRead = 100;
/** Calls of a model overlap; the offline rules run one after the other anyway. */
const maxMeetingsAtOnce = 10;

export interface ShadowDeps {
  /** Read-only. */
  readonly database: Database;
  readonly taxonomy: Taxonomy;
  /** Without a memory, so that it writes nothing either. */
  readonly classifier: Classifier;
  readonly clock: Clock;
}

export interface ShadowRequest {
  /** ISO 8601; unset: until `signal` is aborted, or one look where `since` is set. */
  readonly until?: string;
  /** ISO 8601: also rows saved since then; unset: only rows to come. */
  readonly since?: string;
  /** Rows to compare; unset: all. */
  readonly limit?: number;
  /** Of each field. */
  readonly maxExamples: number;
  /** Ends it early: what was compared until then is reported. */
  readonly signal: AbortSignal;
  /** After each look. */
  onLook?(counter: Pick<ShadowCounter, 'report'>): void;
}

/** @throws AppError SCHEMA_DIFFERS, DATABASE_* */
export async function watchSavedRows(deps: ShadowDeps, request: ShadowRequest): Promise<ShadowReport> {
  const { database, taxonomy, clock } = deps;
  const { since = null, limit = Number.POSITIVE_INFINITY, signal, onLook } = request;
  const counter = createShadowCounter(taxonomy, { maxExamples: request.maxExamples });
  const place = await readSavedPlace(database);
  const watch = createSavedWatch((from) => findSavedVersions(database, from), { since });
  const endMs = endOf(request);
  let done = 0;
  for (let isLast = false; !isLast && done < limit; ) {
    // Read before the look, so that the last look finds what was saved up to the end.
    isLast = clock.wallMs() >= endMs;
    const versions = await watch.look();
    for (let at = 0; at < versions.length && done < limit; at += rowsPerRead) {
      const rows = await findSavedRows(database, versions.slice(at, at + rowsPerRead), place);
      const wanted = rows.slice(0, limit - done);
      if (!(await compareRows({ ...deps, counter, signal }, wanted))) return counter.report();
      done += wanted.length;
    }
    onLook?.(counter);
    const restMs = Math.max(0, Math.min(lookEveryMs, endMs - clock.wallMs()));
    if (!isLast && done < limit && !(await wait(restMs, signal))) break;
  }
  return counter.report();
}

/** Milliseconds since 1970. */
function endOf({ until, since }: ShadowRequest): number {
  if (until !== undefined) return Date.parse(until);
  return since === undefined ? Number.POSITIVE_INFINITY : 0;
}

/** False when it was interrupted. */
async function wait(ms: number, signal: AbortSignal): Promise<boolean> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
  return !signal.aborted;
}

interface Comparing {
  readonly classifier: Classifier;
  readonly counter: ShadowCounter;
  readonly signal: AbortSignal;
}

/** False when it was interrupted. */
async function compareRows(comparing: Comparing, rows: readonly SavedRow[]): Promise<boolean> {
  for (let at = 0; at < rows.length; at += maxMeetingsAtOnce) {
    await Promise.all(rows.slice(at, at + maxMeetingsAtOnce).map((row) => compareRow(comparing, row)));
    if (!(await wait(0, comparing.signal))) return false;
  }
  return true;
}

async function compareRow({ classifier, counter, signal }: Comparing, row: SavedRow): Promise<void> {
  const { meeting_id: meetingId, transcript, seller_prompt: sellerPrompt, saved } = row;
  const startMs = performance.now();
  try {
    const answer = await classifier.classify({ transcript, sellerPrompt, signal });
    counter.add({ meetingId, saved, answer, durationMs: performance.now() - startMs });
  } catch (error) {
    if (signal.aborted) return;
    if (!(error instanceof AppError)) throw error;
    counter.fail({ meetingId, code: error.code });
  }
}
