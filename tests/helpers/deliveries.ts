/** Jobs, deliveries and clocks of unit tests: what BullMQ and the job table would hand out, without either. */
import type { Job } from 'bullmq';
import type { TakenJob } from '../../src/core/job-ledger.ts';
import type { Delivery } from '../../src/core/queue/acknowledge.ts';
import { type JobData, jobDataVersion } from '../../src/core/queue/queues.ts';

export const takenJob = (more: Partial<TakenJob> = {}): TakenJob => ({
  rowId: '1',
  taskId: 'id-1',
  task: 'work',
  queue: 'default',
  parameters: {},
  subjectId: null,
  origin: 'tests',
  state: 'queued',
  failedAttempts: 0,
  runId: '9',
  startedAt: '2026-01-01T00:00:00Z',
  terms: null,
  isIsolated: false,
  ageMs: 10,
  subject: null,
  ...more,
});

export interface FakeDelivery extends Delivery {
  /** What was done to the BullMQ job: `wait`, or `delayed` with the moment. */
  readonly moves: string[];
  /** What its data were set to, in order. */
  readonly updates: JobData[];
}

/** `moveError` is thrown by every move. */
export function fakeDelivery(
  more: Partial<Pick<Job<JobData>, 'id' | 'name' | 'stalledCounter' | 'timestamp'>> & {
    data?: unknown;
    moveError?: Error;
  } = {},
): FakeDelivery {
  const { moveError, ...fields } = more;
  const moves: string[] = [];
  const updates: JobData[] = [];
  const move = async (text: string) => {
    if (moveError) throw moveError;
    moves.push(text);
  };
  const bullJob = {
    id: 'j1-0',
    name: 'work',
    data: { id: '1', v: jobDataVersion },
    stalledCounter: 0,
    timestamp: 5_000,
    opts: {},
    updateData: async (data: JobData) => void updates.push(data),
    moveToWait: () => move('wait'),
    moveToDelayed: (untilMs: number) => move(`delayed ${untilMs}`),
    ...fields,
  };
  return { bullJob: bullJob as unknown as Job<JobData>, token: 'token', moves, updates };
}

/** Stands still until it is told to go on; both clocks show the same. */
export function fakeClock(nowMs = 1_000_000) {
  let atMs = nowMs;
  const now = () => atMs;
  return {
    wallMs: now,
    monotonicMs: now,
    pass(ms: number) {
      atMs += ms;
    },
  };
}

/** The end of a promise as text: what it was rejected with, or `returned`. */
export async function endOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'returned',
    (error: unknown) => (error instanceof Error ? error.constructor.name : String(error)),
  );
}
