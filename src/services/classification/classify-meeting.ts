/** The life of one classification: unchanged? → classify → save, newest start wins → the documents that clients read. */
import { hash } from 'node:crypto';
import type { Claims } from '../../core/claims.ts';
import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import type { TakenJob } from '../../core/job-ledger.ts';
import {
  type CacheEntry,
  closed,
  complete,
  endedElsewhere,
  fail,
  type Outcome,
  retry,
  snooze,
} from '../../core/outcome.ts';
import type { ProgressStep } from '../../core/task.ts';
import { type EmptyLabel, toColumns } from '../../models/classification-columns.ts';
import type { MeetingSubject } from '../../models/meeting-subject.ts';
import {
  type AnswerToSave,
  type ClassificationResult,
  type SaveOutcome,
  toResult,
} from '../../models/queries/classifications.ts';
import type { Taxonomy } from '../../models/taxonomy.ts';
import type { Classification, Classifier } from './classifier.ts';

/** Life of `classification_result:<meeting id>`, the existing API's. */
const resultLifeSeconds = 86_400;
/** A meeting that is not there yet: its transaction may still be open. */
const meetingGraceMs = 5_000;
const beingClassifiedDelayMs = 1_000;
/** Longer than the slowest attempt may take. */
const claimLifeMs = 300_000;
const mostRounds = 3;

export interface ClassifyRequest {
  readonly job: TakenJob<MeetingSubject>;
  readonly isForced: boolean;
  readonly signal: AbortSignal;
  progress(step: ProgressStep): void;
  takeAgain(): Promise<TakenJob<MeetingSubject>>;
}

export interface ClassifyMeetingDeps {
  readonly classifier: Classifier;
  readonly taxonomy: Taxonomy;
  readonly claims: Claims;
  readonly clock: Clock;
  readonly worker: string;
  /** What results hold for a label without a value, as the table does. */
  readonly emptyLabel: EmptyLabel;
  /** Joins a batch across concurrent jobs. */
  save(answer: AnswerToSave): Promise<SaveOutcome>;
  readStanding(meetingId: number): Promise<ClassificationResult | undefined>;
  /** Takes a cached result out of Redis. */
  forget(key: string): Promise<unknown>;
}

export type ClassifyMeeting = (request: ClassifyRequest) => Promise<Outcome>;

/**
 * May run twice, and beside another run of the same meeting: one row stands, that of the newest start.
 * Ends with MEETING_NOT_FOUND, TRANSCRIPT_EMPTY, MEETING_CHANGING or RESULT_NOT_STORABLE where it cannot classify.
 */
export function createClassifyMeeting(options: ClassifyMeetingDeps): ClassifyMeeting {
  const deps = { ...options, columnsOf: createColumnReader(options.taxonomy) };
  return async (request) => {
    let { job } = request;
    for (let round = 1; round <= mostRounds; round++) {
      const outcome = await classifyOnce(deps, request, job);
      if (outcome !== 'changed') return outcome;
      job = await request.takeAgain();
    }
    return retry(
      new AppError(
        'MEETING_CHANGING',
        `Meeting ${job.subjectId} was edited ${mostRounds} times while it was being classified. It is tried again later.`,
      ),
    );
  };
}

type Deps = ClassifyMeetingDeps & { readonly columnsOf: ColumnReader };

async function classifyOnce(
  deps: Deps,
  request: ClassifyRequest,
  job: TakenJob<MeetingSubject>,
): Promise<Outcome | 'changed'> {
  const { subject } = job;
  if (subject === null) return meetingMissing(job);
  const transcript = subject.transcript ?? '';
  if (transcript.trim() === '') {
    return fail(
      new AppError(
        'TRANSCRIPT_EMPTY',
        `Meeting ${subject.meetingId} has no transcript. Add one and classify it again.`,
      ),
    );
  }
  const inputHash = hashInput(transcript, deps.classifier.version, subject.sellerPrompt);
  if (!request.isForced && subject.currentInputHash === inputHash) {
    const standing = await deps.readStanding(subject.meetingId);
    if (standing)
      return complete(
        { ...standing, message: 'already classified', unchanged: true },
        { cache: [cacheEntry(standing)] },
      );
  }
  // Whoever asks anew meanwhile may not be given the result that is to be replaced.
  if (request.isForced) await deps.forget(resultKey(subject.meetingId)).catch(() => undefined);
  const claim = `${subject.meetingId}:${inputHash}`;
  const needsClaim = deps.classifier.isPaid && !request.isForced;
  // Without Redis nobody knows who is on it: a hint that cannot be had fails no job.
  if (needsClaim && !(await deps.claims.claim(claim, job.rowId, claimLifeMs).catch(() => true))) {
    return snooze('being classified by another job', beingClassifiedDelayMs);
  }
  try {
    const answer = await classify(deps, request, job, { subject, transcript, inputHash });
    return await saveAnswer(deps, request, answer);
  } finally {
    // What was saved stands, whether or not the claim can be given back: its life ends it.
    if (needsClaim) await deps.claims.release(claim, job.rowId).catch(() => undefined);
  }
}

interface Input {
  readonly subject: MeetingSubject;
  readonly transcript: string;
  readonly inputHash: string;
}

async function classify(
  { classifier, taxonomy, clock, worker, columnsOf }: Deps,
  { isForced, signal, progress }: ClassifyRequest,
  job: TakenJob<MeetingSubject>,
  { subject, transcript, inputHash }: Input,
): Promise<AnswerToSave> {
  progress({ current: 1, total: 4, stage: 'classifying', message: 'reading the transcript' });
  const startMs = clock.monotonicMs();
  const { sellerPrompt } = subject;
  // Forced: whoever asks again wants a new answer, but not two of them for one job.
  const key = isForced ? `${inputHash}:${job.rowId}` : inputHash;
  const keepAs = { key, meetingId: subject.meetingId };
  const classification = await classifier.classify({ transcript, sellerPrompt, signal, keepAs });
  const { answeredBy = classifier } = classification;
  const durationMs = Math.max(0, clock.monotonicMs() - startMs);
  return {
    jobRowId: job.rowId,
    runId: job.runId,
    meetingId: subject.meetingId,
    worker,
    transcriptMd5: hash('md5', subject.transcript ?? ''),
    // A stand-in's answer is not what this input was to get: the next request asks again.
    inputHash: answeredBy === classifier ? inputHash : hashInput(transcript, answeredBy.version, sellerPrompt),
    startedAt: job.startedAt,
    durationMs,
    classifier: answeredBy.kind,
    model: answeredBy.model,
    promptVersion: answeredBy === classifier ? (classifier.promptVersion ?? null) : null,
    taxonomyVersion: taxonomy.version,
    fields: classification.fields,
    texts: {
      key_topics: classification.keyTopics,
      action_items: classification.actionItems,
      next_steps: classification.nextSteps,
      summary: classification.summary,
    },
    columns: columnsOf(classification),
    confidence: classification.confidence,
    truncated: classification.truncated,
    needsReview: classification.needsReview,
    isForced,
    usage: classification.usage,
  };
}

async function saveAnswer(
  deps: ClassifyMeetingDeps,
  { signal, progress }: ClassifyRequest,
  answer: AnswerToSave,
): Promise<Outcome | 'changed'> {
  // A job that was cancelled, given up or lost its lock writes nothing.
  signal.throwIfAborted();
  progress({ current: 2, total: 4, stage: 'saving', message: 'saving the labels' });
  const saved = await deps.save(answer);
  switch (saved.outcome) {
    case 'changed':
      return 'changed';
    case 'closed':
      return closed(endedElsewhere);
    case 'stale': {
      const standing = await deps.readStanding(answer.meetingId);
      return complete(standing ?? toResult(answer, saved, deps.emptyLabel), { isRecorded: true });
    }
    case 'saved': {
      const result = toResult(answer, saved, deps.emptyLabel);
      return complete(result, { isRecorded: true, cache: [cacheEntry(result)] });
    }
  }
}

function meetingMissing({ subjectId: meetingId, ageMs }: TakenJob): Outcome {
  if (ageMs < meetingGraceMs) return snooze('the meeting is not there yet', meetingGraceMs);
  const error = new AppError(
    'MEETING_NOT_FOUND',
    `There is no meeting ${meetingId}. It was deleted, or the id is wrong.`,
  );
  return fail(error, { cache: [{ key: resultKey(meetingId), json: null, lifeSeconds: 0 }] });
}

/** Everything that may change an answer. Equal hashes: nothing is classified, or paid for, again. */
export function hashInput(transcript: string, classifierVersion: string, sellerPrompt: string | null): string {
  return hash('sha256', `${classifierVersion}\0${sellerPrompt ?? ''}\0${transcript}`, 'base64url');
}

/** Tells what would stand in the mapped columns of `meetings_classifications`, by column. */
export type ColumnReader = (classification: Pick<Classification, 'fields'>) => Record<string, unknown>;

/** Reads the taxonomy's stored defaults once. */
export function createColumnReader(taxonomy: Pick<Taxonomy, 'fields'>): ColumnReader {
  const storedDefaults = Object.fromEntries(
    taxonomy.fields.flatMap(({ id, storedDefault }) => (storedDefault === undefined ? [] : [[id, storedDefault]])),
  );
  return ({ fields }) => {
    const values: Record<string, unknown> = {};
    for (const id in fields) values[id] = fields[id]?.value;
    return toColumns(values, storedDefaults);
  };
}

function resultKey(meetingId: number | null): string {
  return `classification_result:${meetingId}`;
}

/** Where clients read a meeting's classification in Redis. */
export function cacheEntry({ meeting_id, classification_data }: ClassificationResult): CacheEntry {
  return { key: resultKey(meeting_id), json: JSON.stringify(classification_data), lifeSeconds: resultLifeSeconds };
}
