import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { loadConfig } from '../../../../src/config/load.ts';
import type { Claims } from '../../../../src/core/claims.ts';
import type { TakenJob } from '../../../../src/core/job-ledger.ts';
import type { MeetingSubject } from '../../../../src/models/meeting-subject.ts';
import type { AnswerToSave, SaveOutcome } from '../../../../src/models/queries/classifications.ts';
import { createClassifyMeeting, hashInput } from '../../../../src/services/classification/classify-meeting.ts';
import { readTaxonomy } from '../../../../src/wire-services.ts';
import { createStubClassifier, fieldOf, type StubOptions } from '../../../helpers/stub-classifier.ts';

const taxonomy = await readTaxonomy(loadConfig({}, '').config);
const saved: SaveOutcome = { outcome: 'saved', corrected: {}, processedAt: '2026-01-01T00:00:00.000Z' };
const standing = {
  success: true,
  meeting_id: 7,
  classification_data: { meeting_id: 7, region: 'asia' },
  message: 'classified',
} as const;

const subject: MeetingSubject = {
  meetingId: 7,
  transcript: 'Hola',
  clientName: null,
  sellerName: null,
  sellerPrompt: 'Vende Iris',
  currentInputHash: null,
};
const job: TakenJob<MeetingSubject> = {
  rowId: '41',
  taskId: 'id',
  task: 'classify_meeting',
  queue: 'classification',
  parameters: {},
  subjectId: 7,
  origin: 'tests',
  state: 'queued',
  failedAttempts: 0,
  terms: null,
  isIsolated: false,
  runId: '9',
  startedAt: '2026-01-01T00:00:00Z',
  ageMs: 60_000,
  subject,
};

interface Setup extends StubOptions {
  readonly subject?: Partial<MeetingSubject> | null;
  readonly job?: Partial<TakenJob<MeetingSubject>>;
  readonly isForced?: boolean;
  readonly save?: (answer: AnswerToSave) => Promise<SaveOutcome>;
  readonly hasStanding?: boolean;
  readonly claims?: Partial<Claims>;
  readonly controller?: AbortController;
}

function run(setup: Setup = {}) {
  const classifier = createStubClassifier(setup);
  const claims = { claim: vi.fn(async () => true), release: vi.fn(async () => undefined), ...setup.claims };
  const save = vi.fn(setup.save ?? (async () => saved));
  const takeAgain = vi.fn(async () => ({ ...job, runId: '10', subject: { ...subject, transcript: 'Editada' } }));
  const classify = createClassifyMeeting({
    emptyLabel: null,
    classifier,
    taxonomy,
    claims,
    clock: { wallMs: () => 0, monotonicMs: () => 5 },
    worker: 'worker@tests',
    save,
    readStanding: async () => (setup.hasStanding === false ? undefined : standing),
    forget: async () => 1,
  });
  const outcome = classify({
    job: { ...job, ...setup.job, subject: setup.subject === null ? null : { ...subject, ...setup.subject } },
    isForced: setup.isForced ?? false,
    signal: (setup.controller ?? new AbortController()).signal,
    progress: () => undefined,
    takeAgain,
  });
  return { outcome, classifier, claims, save, takeAgain };
}

const knownHash = hashInput('Hola', 'stub-1/tests', 'Vende Iris');

describe('a meeting', () => {
  test('is classified and saved under the hashes of what was read', async () => {
    const { outcome, save } = run();
    expect(await outcome).toMatchObject({ kind: 'complete', isRecorded: true });
    expect(save.mock.calls[0]?.[0]).toMatchObject({
      jobRowId: '41',
      runId: '9',
      meetingId: 7,
      transcriptMd5: createHash('md5').update('Hola').digest('hex'),
      inputHash: knownHash,
      durationMs: 0,
      taxonomyVersion: taxonomy.version,
      columns: expect.objectContaining({ business_sector: 'healthcare', sentiment: 'neutral', categories: [] }),
    });
  });

  test('is published as its table row and under its key for a day', async () => {
    const outcome = await run().outcome;
    expect(outcome).toMatchObject({ cache: [{ key: 'classification_result:7', lifeSeconds: 86_400 }] });
    if (outcome.kind !== 'complete') return;
    const { classification_data } = outcome.result as { classification_data: unknown };
    expect(JSON.parse(outcome.cache[0]?.json ?? '')).toEqual(classification_data);
  });

  test("shows a person's correction in place of the answer", async () => {
    const { outcome } = run({
      save: async () => ({ ...saved, corrected: { business_sector: 'mining', own_field: 1 } }),
    });
    expect(await outcome).toMatchObject({ result: { classification_data: { business_sector: 'mining' } } });
    expect(JSON.stringify(await outcome)).not.toContain('own_field');
  });

  test('without words fails permanently and makes no call (E1)', async () => {
    for (const transcript of [null, '', ' \n\u00a0 ']) {
      const { outcome, classifier } = run({ subject: { transcript } });
      expect(await outcome).toMatchObject({ kind: 'fail', error: { code: 'TRANSCRIPT_EMPTY' } });
      expect(classifier.calls).toEqual([]);
    }
  });

  test('that is not there steps back once while its transaction may be open, then fails and clears its key (E6)', async () => {
    expect(await run({ subject: null, job: { ageMs: 4_999 } }).outcome).toMatchObject({
      kind: 'snooze',
      delayMs: 5_000,
    });
    expect(await run({ subject: null, job: { ageMs: 5_000 } }).outcome).toMatchObject({
      kind: 'fail',
      error: { code: 'MEETING_NOT_FOUND' },
      cache: [{ key: 'classification_result:7', json: null }],
    });
  });
});

describe('the same input again', () => {
  test('is answered with the current result, unchanged', async () => {
    const { outcome, classifier } = run({ subject: { currentInputHash: knownHash } });
    expect(await outcome).toMatchObject({
      isRecorded: false,
      result: { ...standing, message: 'already classified', unchanged: true },
      cache: [{ key: 'classification_result:7' }],
    });
    expect(classifier.calls).toEqual([]);
  });

  test.each([
    ['it is forced', { isForced: true }],
    ['the current row is gone', { hasStanding: false }],
  ])('is classified where %s', async (_why, setup) => {
    const { outcome, classifier } = run({ subject: { currentInputHash: knownHash }, ...setup });
    expect(await outcome).toMatchObject({ isRecorded: true });
    expect(classifier.calls).toHaveLength(1);
  });
});

describe('the hash of an input', () => {
  test('differs for any other transcript, classifier or hint', () => {
    const input = fc.tuple(fc.string(), fc.string(), fc.string());
    fc.assert(
      fc.property(input, input, (a, b) => {
        // NUL separates the parts and is in none of them: PostgreSQL's text holds none.
        fc.pre(![...a, ...b].some((part) => part.includes('\0')));
        expect(hashInput(...a) === hashInput(...b)).toBe(a.join('\0') === b.join('\0'));
      }),
    );
  });

  test('is the same without a hint and with an empty one', () => {
    expect(hashInput('Hola', 'v', null)).toBe(hashInput('Hola', 'v', ''));
  });
});

describe('a paid classifier', () => {
  test('is asked under a claim that is given back', async () => {
    const { outcome, claims } = run({ isPaid: true });
    await outcome;
    expect(claims.claim).toHaveBeenCalledWith(`7:${knownHash}`, '41', 300_000);
    expect(claims.release).toHaveBeenCalledWith(`7:${knownHash}`, '41');
  });

  test('is not asked while another job has the claim', async () => {
    const { outcome, classifier, claims } = run({ isPaid: true, claims: { claim: async () => false } });
    expect(await outcome).toMatchObject({ kind: 'snooze', delayMs: 1_000 });
    expect(classifier.calls).toEqual([]);
    expect(claims.release).not.toHaveBeenCalled();
  });

  test('gives the claim back when it fails', async () => {
    const { outcome, claims } = run({
      isPaid: true,
      before() {
        throw new Error('away');
      },
    });
    await expect(outcome).rejects.toThrow('away');
    expect(claims.release).toHaveBeenCalledOnce();
  });

  test('is called, and its answer is saved, when Redis can neither grant nor release the claim (B2)', async () => {
    const away = async () => {
      throw new Error('Command timed out');
    };
    const { outcome, save } = run({ isPaid: true, claims: { claim: away, release: away } });
    expect(await outcome).toMatchObject({ kind: 'complete', isRecorded: true });
    expect(save).toHaveBeenCalledOnce();
  });

  test('needs no claim when it is forced, nor does a free one', async () => {
    for (const setup of [{ isPaid: true, isForced: true }, { isPaid: false }]) {
      const { outcome, claims } = run(setup);
      await outcome;
      expect(claims.claim).not.toHaveBeenCalled();
    }
  });
});

describe('a save', () => {
  test('of an edited transcript leads to another round with the new transcript (E7)', async () => {
    const outcomes = [{ ...saved, outcome: 'changed' as const }, saved];
    const { outcome, classifier, save, takeAgain } = run({ save: async () => outcomes.shift() ?? saved });
    expect(await outcome).toMatchObject({ kind: 'complete' });
    expect(takeAgain).toHaveBeenCalledOnce();
    expect(classifier.calls.map(({ transcript }) => transcript)).toEqual(['Hola', 'Editada']);
    expect(save.mock.calls.map(([answer]) => answer.runId)).toEqual(['9', '10']);
  });

  test('of a transcript that changes three times is tried again later (E7)', async () => {
    const { outcome, classifier } = run({ save: async () => ({ ...saved, outcome: 'changed' }) });
    expect(await outcome).toMatchObject({ kind: 'retry', error: { code: 'MEETING_CHANGING' } });
    expect(classifier.calls).toHaveLength(3);
  });

  test('that lost against a newer start answers with the current result and caches nothing', async () => {
    const { outcome } = run({ save: async () => ({ ...saved, outcome: 'stale' }) });
    expect(await outcome).toMatchObject({ kind: 'complete', isRecorded: true, result: standing, cache: [] });
  });

  test('of a job that was ended meanwhile writes nothing more', async () => {
    expect(await run({ save: async () => ({ ...saved, outcome: 'closed' }) }).outcome).toMatchObject({
      kind: 'closed',
    });
  });

  test('never happens once the signal has aborted', async () => {
    const controller = new AbortController();
    const { outcome, save } = run({ controller, before: () => controller.abort('lock-lost') });
    await expect(outcome).rejects.toBe('lock-lost');
    expect(save).not.toHaveBeenCalled();
  });

  test('leaves out what a field does not say, and keeps null in the fields', async () => {
    const { outcome, save } = run({
      answer: () => ({ fields: { sentiment: fieldOf(null, 0), categories: fieldOf(null, 0) } }),
    });
    await outcome;
    const answer = save.mock.calls[0]?.[0];
    expect(answer?.columns).toMatchObject({ sentiment: 'neutral', categories: [], region: null });
    expect(answer?.fields).toMatchObject({ sentiment: { value: null } });
  });
});
