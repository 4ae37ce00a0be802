/** What the documents of jobs say now, without reading the results in them. */
import type { EndState } from './job-ledger.ts';
import type { Redis } from './redis.ts';
import { metaKeyOf, statusKeyOf } from './results.ts';

/** The `status` of both documents; null: the document is not there. */
export interface ResultState {
  /** Of `celery-task-meta-<id>`. */
  readonly meta: string | null;
  /** Of `task_status:<id>`. */
  readonly status: string | null;
}

export interface PublishedJob {
  readonly taskId: string;
  /** Id under which the API polls, where it passed one. */
  readonly apiTaskId: unknown;
}

export type ReadResultStates = (jobs: readonly PublishedJob[]) => Promise<readonly ResultState[]>;

/** Both documents begin with their status. */
const statusBytes = 64;

/** @throws what ioredis throws where Redis does not answer */
export function createResultReader({ backend, cache }: { backend: Redis; cache: Redis }): ReadResultStates {
  const readAll = async (redis: Redis, keys: readonly string[]): Promise<(string | null)[]> => {
    const pipeline = redis.pipeline();
    for (const key of keys) pipeline.getrange(key, 0, statusBytes);
    const replies = (await pipeline.exec()) ?? [];
    return replies.map(([error, text]) => (error ? null : readStatus(text)));
  };
  return async (jobs) => {
    const [metas, statuses] = await Promise.all([
      readAll(backend, jobs.map(metaKeyOf)),
      readAll(cache, jobs.map(statusKeyOf)),
    ]);
    return jobs.map((_job, index) => ({ meta: metas[index] ?? null, status: statuses[index] ?? null }));
  };
}

function readStatus(text: unknown): string | null {
  return /^\{"status": ?"(\w+)"/.exec(String(text))?.[1] ?? null;
}

export interface EndedState {
  readonly state: EndState;
  /** Its sender reads no result: Celery stores no success of such a task. */
  readonly ignoresResult: boolean;
}

const published: Readonly<Record<EndState, ResultState>> = {
  completed: { meta: 'SUCCESS', status: 'completed' },
  failed: { meta: 'FAILURE', status: 'failed' },
  cancelled: { meta: 'REVOKED', status: 'failed' },
  rejected: { meta: 'FAILURE', status: null },
};

/** Both documents say how the row ended. */
export function isPublished({ state, ignoresResult }: EndedState, { meta, status }: ResultState): boolean {
  const isMetaKept = !(ignoresResult && state === 'completed');
  return status === published[state].status && (!isMetaKept || meta === published[state].meta);
}

/**
 * A client would wait for a job that has ended: its document says that the job still runs. A document that is missing is no proof,
 * as clients forget results, and results expire.
 */
export function saysRunning({ state, ignoresResult }: EndedState, { meta, status }: ResultState): boolean {
  if (meta === null || (ignoresResult && state === 'completed')) return status === 'processing';
  return !['SUCCESS', 'FAILURE', 'REVOKED'].includes(meta);
}
