/** What the product expects of the statement that saves classifications: newest start wins, and no row harms another. */
import { createHash, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDatabase, type Database } from '../../src/core/connections/database.ts';
import { AppError } from '../../src/core/errors.ts';
import type { JobLedger, TakenJob } from '../../src/core/job-ledger.ts';
import { toColumns } from '../../src/models/classification-columns.ts';
import type { MeetingSubject } from '../../src/models/meeting-subject.ts';
import {
  type AnswerToSave,
  readStandingResult,
  type SaveOutcome,
  saveAnswers,
  toResult,
} from '../../src/models/queries/classifications.ts';
import { createJobLedger } from '../../src/models/queries/job-ledger.ts';
import { saveCorrections } from '../../src/models/queries/reviews.ts';
import { insertMeetings, manyTranscripts } from '../helpers/meetings.ts';
import { createNamespace, type Namespace } from '../helpers/namespace.ts';

type Job = TakenJob<MeetingSubject>;

function makeAnswer(
  job: Job,
  { sector = 'healthcare', ...partial }: Partial<AnswerToSave> & { sector?: string | null } = {},
): AnswerToSave {
  return {
    jobRowId: job.rowId,
    runId: job.runId,
    meetingId: job.subject?.meetingId ?? 0,
    worker: 'worker@tests',
    transcriptMd5: createHash('md5')
      .update(job.subject?.transcript ?? '')
      .digest('hex'),
    inputHash: `hash of ${sector}`,
    startedAt: job.startedAt,
    durationMs: 12.4,
    classifier: 'stub',
    model: 'stub-1',
    promptVersion: null,
    taxonomyVersion: 'tests-1',
    fields: { business_sector: { value: sector, confidence: 0.8, evidence: [] } },
    texts: { key_topics: ['agenda'], action_items: ['enviar'], next_steps: 'enviar', summary: 'Una clínica.' },
    columns: toColumns({ business_sector: sector, urgency: true, categories: ['needs_follow_up'] }),
    confidence: 0.804,
    truncated: false,
    needsReview: false,
    isForced: false,
    ...partial,
  };
}

export function describeClassificationSave(servers: string): void {
  describe(`saving classifications on ${servers}`, () => {
    let namespace: Namespace;
    let databases: Database[];
    let database: Database;
    let ledger: JobLedger<MeetingSubject>;

    beforeAll(async () => {
      namespace = await createNamespace();
      const open = () =>
        createDatabase({ url: namespace.postgresUrl, poolSize: 6, prepared: true, applicationName: 'tests' });
      databases = [open(), open()];
      database = databases[0]!;
      ledger = createJobLedger(database);
    });
    afterAll(async () => {
      await Promise.all((databases ?? []).map((each) => each.close()));
      await namespace?.close();
    });

    const query = <Row = Record<string, unknown>>(text: string, values: unknown[] = []) =>
      database.run<Row>({ name: '', text }, values);
    /** One taken job for each meeting id; in this order of starts. */
    const takeJobs = async (meetingIds: readonly number[]): Promise<Job[]> => {
      const accepted = await ledger.accept(
        meetingIds.map((meetingId) => ({
          taskId: randomUUID(),
          task: 'classify_meeting',
          queue: 'classification',
          parameters: { meeting_id: meetingId },
          subjectId: meetingId,
          origin: 'tests',
          priority: 1,
          dueAt: null,
        })),
      );
      return (await ledger.take(accepted.map(({ rowId }) => rowId))).flatMap((job) => (job ? [job] : []));
    };
    const newJobs = async (count: number) => takeJobs(await insertMeetings(database, manyTranscripts(count)));
    const newJob = async () => (await newJobs(1))[0]!;
    const outcomes = (saved: readonly (SaveOutcome | AppError)[]) =>
      saved.map((each) => (each instanceof AppError ? each.code : each.outcome));
    const save = async (...answers: AnswerToSave[]) => outcomes(await saveAnswers(database, answers));
    const stateOf = async ({ rowId }: Job) =>
      (await query<{ state: string }>('select state from vambe_worker.jobs where id = $1', [rowId]))[0]?.state;
    const sectorOf = async (meetingId: number) =>
      (await readStandingResult(database, meetingId))?.classification_data.business_sector;
    const runsOf = async (meetingId: number) =>
      (await query<{ id: string }>('select id::text from vambe_worker.runs where meeting_id = $1', [meetingId])).map(
        ({ id }) => id,
      );

    test('saves run, standing classification and the end of the job', async () => {
      const job = await newJob();
      const answer = makeAnswer(job);
      const [saved] = await saveAnswers(database, [answer]);
      expect(saved).toMatchObject({ outcome: 'saved', corrected: {} });
      expect(await stateOf(job)).toBe('completed');
      expect(await runsOf(answer.meetingId)).toEqual([job.runId]);
      const standing = await readStandingResult(database, answer.meetingId);
      expect(standing?.classification_data).toEqual({
        meeting_id: answer.meetingId,
        business_sector: 'healthcare',
        company_size: null,
        region: null,
        lead_source: null,
        vambe_product: null,
        use_case: null,
        primary_pain_point: null,
        decision_maker_role: null,
        purchase_stage: null,
        language: null,
        urgency: true,
        lost_client_bad_meeting: null,
        categories: ['needs_follow_up'],
        sentiment: 'neutral',
        confidence_score: 0.8,
        key_topics: ['agenda'],
        action_items: ['enviar'],
        next_steps: 'enviar',
        summary: 'Una clínica.',
        model_used: 'stub-1',
        processed_at: (saved as SaveOutcome).processedAt,
        processing_time_ms: 12,
      });
      // What is published right after the save is what is read from the table later.
      expect(toResult(answer, saved as SaveOutcome)).toEqual(standing);
    });

    test('answers "saved" to the same save again, as after a lost reply, and keeps one run', async () => {
      const job = await newJob();
      const answer = makeAnswer(job);
      expect(await save(answer)).toEqual(['saved']);
      expect(await save(answer)).toEqual(['saved']);
      expect(await runsOf(answer.meetingId)).toEqual([job.runId]);
    });

    test('refuses an older start as stale and ends its job all the same', async () => {
      const meetingIds = await insertMeetings(database, ['Hola']);
      const [older, newer] = await takeJobs([...meetingIds, ...meetingIds]);
      expect(await save(makeAnswer(newer!, { sector: 'retail' }))).toEqual(['saved']);
      expect(await save(makeAnswer(older!, { sector: 'mining' }))).toEqual(['stale']);
      expect(await sectorOf(meetingIds[0]!)).toBe('retail');
      expect(await stateOf(older!)).toBe('completed');
      expect(await runsOf(meetingIds[0]!)).toEqual([newer!.runId]);
    });

    test('lets the newer of two jobs of one meeting win within a batch, in either order', async () => {
      const [one, two] = await insertMeetings(database, ['Uno', 'Dos']);
      const [olderOne, newerOne] = await takeJobs([one!, one!]);
      const [olderTwo, newerTwo] = await takeJobs([two!, two!]);
      expect(
        await save(
          makeAnswer(olderOne!, { sector: 'mining' }),
          makeAnswer(newerOne!, { sector: 'retail' }),
          makeAnswer(newerTwo!, { sector: 'retail' }),
          makeAnswer(olderTwo!, { sector: 'mining' }),
        ),
      ).toEqual(['stale', 'saved', 'saved', 'stale']);
      expect([await sectorOf(one!), await sectorOf(two!)]).toEqual(['retail', 'retail']);
    });

    test('E8 lets the older start win in none of 200 simultaneous pairs', async () => {
      const meetingIds = await insertMeetings(database, manyTranscripts(200));
      const older = await takeJobs(meetingIds);
      const newer = await takeJobs(meetingIds);
      const sent = meetingIds.flatMap((_id, index) => {
        const pair = [
          () => saveAnswers(databases[0]!, [makeAnswer(older[index]!, { sector: 'mining' })]),
          () => saveAnswers(databases[1]!, [makeAnswer(newer[index]!, { sector: 'retail' })]),
        ];
        return index % 2 ? pair : pair.reverse();
      });
      const saved = outcomes((await Promise.all(sent.map((send) => send()))).flat());
      expect(saved.filter((outcome) => outcome !== 'saved' && outcome !== 'stale')).toEqual([]);
      const wrong = await query(
        `select meeting_id from public.meetings_classifications where meeting_id = any($1) and business_sector <> 'retail'`,
        [meetingIds],
      );
      expect(wrong).toEqual([]);
      const [counted] = await query(
        `select count(*)::int as open from vambe_worker.jobs where meeting_id = any($1) and state <> 'completed'`,
        [meetingIds],
      );
      expect(counted).toEqual({ open: 0 });
    });

    test('C7 two processes that save the same meetings in opposite order both succeed', async () => {
      const meetingIds = await insertMeetings(database, manyTranscripts(40));
      const [older, newer] = [await takeJobs(meetingIds), await takeJobs([...meetingIds].reverse())];
      const saved = await Promise.all([
        saveAnswers(
          databases[0]!,
          older.map((job) => makeAnswer(job, { sector: 'mining' })),
        ),
        saveAnswers(
          databases[1]!,
          newer.map((job) => makeAnswer(job, { sector: 'retail' })),
        ),
      ]);
      expect(new Set(outcomes(saved[1]))).toEqual(new Set(['saved']));
      expect(outcomes(saved[0]).every((outcome) => outcome === 'saved' || outcome === 'stale')).toBe(true);
      expect(await sectorOf(meetingIds[7]!)).toBe('retail');
    });

    test('E7 writes nothing for a transcript that was edited after it was read, and leaves the job open', async () => {
      const job = await newJob();
      const meetingId = job.subject!.meetingId;
      await query(`update public.meetings set transcript = 'Otra cosa' where id = $1`, [meetingId]);
      expect(await save(makeAnswer(job))).toEqual(['changed']);
      expect(await stateOf(job)).toBe('queued');
      expect(await readStandingResult(database, meetingId)).toBeUndefined();
    });

    test('E6 writes nothing for a meeting that was deleted, beside one that it saves', async () => {
      const [gone, kept] = await newJobs(2);
      await query('delete from public.meetings where id = $1', [gone!.subject!.meetingId]);
      expect(await save(makeAnswer(gone!), makeAnswer(kept!))).toEqual(['changed', 'saved']);
      expect(await runsOf(gone!.subject!.meetingId)).toEqual([]);
    });

    test('writes nothing for a job that somebody cancelled, and says closed', async () => {
      const job = await newJob();
      await query(`update vambe_worker.jobs set state = 'cancelled', finished_at = now() where id = $1`, [job.rowId]);
      expect(await save(makeAnswer(job))).toEqual(['closed']);
      expect(await stateOf(job)).toBe('cancelled');
      expect(await readStandingResult(database, job.subject!.meetingId)).toBeUndefined();
    });

    test('says closed to a second start of a job whose first start saved', async () => {
      const job = await newJob();
      const [again] = await ledger.take([job.rowId]);
      expect(await save(makeAnswer(job, { sector: 'retail' }))).toEqual(['saved']);
      expect(await save(makeAnswer(again!, { sector: 'mining' }))).toEqual(['closed']);
      expect(await sectorOf(job.subject!.meetingId)).toBe('retail');
    });

    test('C6 saves 48 of 50 beside a label that is too long and a NUL in a field', async () => {
      const jobs = await newJobs(50);
      const answers = jobs.map((job, index) => {
        if (index === 17)
          return makeAnswer(job, { columns: { ...makeAnswer(job).columns, sentiment: 'x'.repeat(21) } });
        if (index === 33) return makeAnswer(job, { fields: { summary: { value: 'a\u0000b' } } });
        return makeAnswer(job);
      });
      const saved = await saveAnswers(database, answers);
      expect(outcomes(saved)).toEqual(
        jobs.map((_job, index) => (index === 17 || index === 33 ? 'RESULT_NOT_STORABLE' : 'saved')),
      );
      const refused = saved.filter((each) => each instanceof AppError);
      expect(refused.map(({ message }) => message).join()).not.toMatch(/xxx|a.b/);
      expect([await stateOf(jobs[17]!), await stateOf(jobs[33]!)]).toEqual(['queued', 'queued']);
      expect([await runsOf(jobs[17]!.subject!.meetingId), await runsOf(jobs[33]!.subject!.meetingId)]).toEqual([
        [],
        [],
      ]);
    });

    test.each(['key_topics', 'action_items', 'next_steps', 'summary'] as const)(
      'C6 refuses a NUL in %s',
      async (text) => {
        const job = await newJob();
        const answer = makeAnswer(job);
        const bad = text === 'next_steps' || text === 'summary' ? 'a\u0000' : ['a\u0000'];
        expect(await save({ ...answer, texts: { ...answer.texts, [text]: bad } })).toEqual(['RESULT_NOT_STORABLE']);
      },
    );

    test('C6 refuses half of a surrogate pair, which no PostgreSQL text can hold', async () => {
      const job = await newJob();
      const answer = makeAnswer(job);
      expect(await save({ ...answer, texts: { ...answer.texts, summary: 'cortado \ud83d' } })).toEqual([
        'RESULT_NOT_STORABLE',
      ]);
    });

    test('C6 refuses a model name that is too long and does not show it', async () => {
      const [saved] = await saveAnswers(database, [makeAnswer(await newJob(), { model: 'm'.repeat(101) })]);
      expect(saved).toMatchObject({ code: 'RESULT_NOT_STORABLE' });
      expect((saved as AppError).message).not.toContain('mmm');
    });

    test("keeps a person's correction over a new answer, and a correction to nothing too", async () => {
      const [first] = await newJobs(1);
      const meetingId = first!.subject!.meetingId;
      await save(makeAnswer(first!));
      await query(`update vambe_worker.current set corrected = $2 where meeting_id = $1`, [
        meetingId,
        { business_sector: 'education', urgency: null, sentiment: 'positive' },
      ]);
      const [second] = await takeJobs([meetingId]);
      const answer = makeAnswer(second!, { sector: 'retail' });
      const [saved] = await saveAnswers(database, [answer]);
      expect(saved).toMatchObject({ outcome: 'saved' });
      const standing = await readStandingResult(database, meetingId);
      expect(standing?.classification_data).toMatchObject({
        business_sector: 'education',
        urgency: null,
        sentiment: 'positive',
      });
      expect(toResult(answer, saved as SaveOutcome)).toEqual(standing);
    });

    test("lets a forced answer take the place of a person's correction", async () => {
      const [first] = await newJobs(1);
      const meetingId = first!.subject!.meetingId;
      await save(makeAnswer(first!));
      await query(`update vambe_worker.current set corrected = $2 where meeting_id = $1`, [
        meetingId,
        { business_sector: 'education' },
      ]);
      const [second] = await takeJobs([meetingId]);
      await save({ ...makeAnswer(second!, { sector: 'retail' }), isForced: true });
      expect((await readStandingResult(database, meetingId))?.classification_data).toMatchObject({
        business_sector: 'retail',
      });
      const [kept] = await query(`select corrected from vambe_worker.current where meeting_id = $1`, [meetingId]);
      expect(kept).toEqual({ corrected: {} });
    });

    describe("a person's correction whose classification was deleted", () => {
      const correctAndDelete = async () => {
        const [first] = await newJobs(1);
        const meetingId = first!.subject!.meetingId;
        await save(makeAnswer(first!));
        const values = { business_sector: 'education' };
        await saveCorrections(database, { meetingId, values, reviewer: 'ana', reason: null });
        await query('delete from public.meetings_classifications where meeting_id = $1', [meetingId]);
        return meetingId;
      };

      test('stands for the same meeting', async () => {
        const meetingId = await correctAndDelete();
        const [second] = await takeJobs([meetingId]);
        await save(makeAnswer(second!, { sector: 'retail' }));
        expect(await sectorOf(meetingId)).toBe('education');
      });

      test('is not taken over by another meeting that was given its id', async () => {
        const meetingId = await correctAndDelete();
        await query('update public.meetings set created_at = now() where id = $1', [meetingId]);
        const [second] = await takeJobs([meetingId]);
        await save(makeAnswer(second!, { sector: 'retail' }));
        expect(await sectorOf(meetingId)).toBe('retail');
        await saveCorrections(database, {
          meetingId,
          values: { business_sector: 'mining' },
          reviewer: 'ana',
          reason: null,
        });
        const [third] = await takeJobs([meetingId]);
        await save(makeAnswer(third!, { sector: 'healthcare' }));
        expect(await sectorOf(meetingId)).toBe('mining');
      });
    });

    test('stores what a column cannot be null with its default, also where a person cleared it', async () => {
      const [first] = await newJobs(1);
      const meetingId = first!.subject!.meetingId;
      await save(makeAnswer(first!, { columns: toColumns({ categories: ['closed_won'], sentiment: 'positive' }) }));
      await query(`update vambe_worker.current set corrected = $2 where meeting_id = $1`, [
        meetingId,
        { sentiment: null, categories: null },
      ]);
      const [second] = await takeJobs([meetingId]);
      await save(makeAnswer(second!));
      expect((await readStandingResult(database, meetingId))?.classification_data).toMatchObject({
        sentiment: 'neutral',
        categories: [],
      });
    });

    test('keeps created_at and moves updated_at when a meeting is classified again', async () => {
      const [first] = await newJobs(1);
      const meetingId = first!.subject!.meetingId;
      const times = async () =>
        (
          await query<{ created_at: Date; updated_at: Date }>(
            'select created_at, updated_at from public.meetings_classifications where meeting_id = $1',
            [meetingId],
          )
        )[0]!;
      await save(makeAnswer(first!));
      const before = await times();
      const [second] = await takeJobs([meetingId]);
      await save(makeAnswer(second!));
      const after = await times();
      expect(after.created_at).toEqual(before.created_at);
      expect(after.updated_at.getTime()).toBeGreaterThan(before.updated_at.getTime());
    });

    test('reads no standing classification of a meeting without one', async () => {
      expect(await readStandingResult(database, 2_000_000_000)).toBeUndefined();
    });

    test('saves nothing for no answers', async () => {
      expect(await save()).toEqual([]);
    });
  });
}
