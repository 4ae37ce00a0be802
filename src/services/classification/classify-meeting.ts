/** One classification: skip if unchanged → classify → save (the newest start wins) → cache entry for clients. */
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
import { type Classification, type Classifier, provesSomething } from './classifier.ts';

/** Lifetime of `classification_result:<meeting id>`, as the existing API sets it. */
const resultLifeSeconds = 86_400;
/** A meeting that does not exist yet may be in a transaction that is still open. */
const meetingGraceMs = 5_000;
const beingClassifiedDelayMs = 1_000;
/** Longer than the slowest attempt. */
const claimLifeMs = 300_000;
const maxRounds = 3;

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
  /** What results contain for a label without a value; the same as in the table. */
  readonly emptyLabel: EmptyLabel;
  /** Joins a batch with other jobs. */
  save(answer: AnswerToSave): Promise<SaveOutcome>;
  readStanding(meetingId: number): Promise<ClassificationResult | undefined>;
  /** Deletes a cached result from Redis. */
  forget(key: string): Promise<unknown>;
}

export type ClassifyMeeting = (request: ClassifyRequest) => Promise<Outcome>;

/**
 * May run twice, also concurrently for the same meeting: the row of the newest start is kept.
 * Ends with MEETING_NOT_FOUND, TRANSCRIPT_EMPTY, MEETING_CHANGING or RESULT_NOT_STORABLE if it cannot classify.
 */
export function createClassifyMeeting(options: ClassifyMeetingDeps): ClassifyMeeting {
  const deps = { ...options, columnsOf: createColumnReader(options.taxonomy) };
  return async (request) => {
    let { job } = request;
    for (let round = 1; round <= maxRounds; round++) {
      const outcome = await classifyOnce(deps, request, job);
      if (outcome !== 'changed') return outcome;
      job = await request.takeAgain();
    }
    return retry(
      new AppError(
        'MEETING_CHANGING',
        `Meeting ${job.subjectId} was edited ${maxRounds} times while it was being classified. It is tried again later.`,
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
  // Requests from now on must not get the result that is about to be replaced.
  if (request.isForced) await deps.forget(resultKey(subject.meetingId)).catch(() => undefined);
  const claim = `${subject.meetingId}:${inputHash}`;
  const needsClaim = deps.classifier.isPaid && !request.isForced;
  // The claim only saves money: if Redis is unavailable, the job continues without it.
  if (needsClaim && !(await deps.claims.claim(claim, job.rowId, claimLifeMs).catch(() => true))) {
    return snooze('being classified by another job', beingClassifiedDelayMs);
  }
  try {
    const answer = await classify(deps, request, job, { subject, transcript, inputHash });
    if (subject.currentInputHash === inputHash && (await isWorthLess(deps, answer))) return retry(provesLess(answer));
    return await saveAnswer(deps, request, answer);
  } finally {
    // If the release fails, the claim expires.
    if (needsClaim) await deps.claims.release(claim, job.rowId).catch(() => undefined);
  }
}

/** The same transcript was answered with proof before, and this answer has none. */
async function isWorthLess({ classifier, readStanding }: Deps, { meetingId, fields }: AnswerToSave): Promise<boolean> {
  if (!classifier.isPaid || provesSomething({ fields: fields as Classification['fields'] })) return false;
  const standing = await readStanding(meetingId);
  return Number(standing?.classification_data.confidence_score ?? 0) > 0;
}

function provesLess({ meetingId, model }: AnswerToSave): AppError {
  return new AppError(
    'MODEL_REPLY_INVALID',
    `The model ${model} proved nothing of meeting ${meetingId}, whose labels were proven before; they stay. It is asked again later.`,
  );
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
  // A forced request wants a new answer, but only one per job.
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
    // With the fallback's version in the hash, the next request asks the classifier again.
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
  // A job that was cancelled, timed out or lost its lock must not write.
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

/** A hash of everything that may change an answer. If it is unchanged, the meeting is not classified again. */
export function hashInput(transcript: string, classifierVersion: string, sellerPrompt: string | null): string {
  return hash('sha256', `${classifierVersion}\0${sellerPrompt ?? ''}\0${transcript}`, 'base64url');
}

/** The values of the mapped columns of `meetings_classifications`, by column. */
export type ColumnReader = (classification: Pick<Classification, 'fields'>) => Record<string, unknown>;

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

export function resultKey(meetingId: number | null): string {
  return `classification_result:${meetingId}`;
}

/** The Redis entry where clients read a meeting's classification. */
export function cacheEntry({ meeting_id, classification_data }: ClassificationResult): CacheEntry {
  return { key: resultKey(meeting_id), json: JSON.stringify(classification_data), lifeSeconds: resultLifeSeconds };
}
