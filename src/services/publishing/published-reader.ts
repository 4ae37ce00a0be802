/** What the documents of ended jobs say now, without reading the results in them. */

import type { Redis } from '../../core/connections/redis.ts';
import type { EndState } from '../../core/job-ledger.ts';
import type { Published, PublishedJob, ReadPublished } from '../../core/queue/publish-ended.ts';
import { statusKeyOf } from './status-documents.ts';

export interface PublishedReaderOptions {
  /** Holds the result documents of Celery clients. */
  readonly backend: Redis;
  /** Holds the documents that the API reads. */
  readonly cache: Redis;
  /** The key of a result document. */
  resultKeyOf(job: { readonly taskId: string }): string;
}

/** The `status` of both documents; null: the document is not there. */
interface Statuses {
  readonly result: string | null;
  readonly status: string | null;
}

/** Both documents begin with their status. */
const statusBytes = 64;

export function createPublishedReader({ backend, cache, resultKeyOf }: PublishedReaderOptions): ReadPublished {
  return async (jobs) => {
    const [results, statuses] = await Promise.all([
      readStatuses(backend, jobs.map(resultKeyOf)),
      readStatuses(cache, jobs.map(statusKeyOf)),
    ]);
    return jobs.map((job, index) =>
      publishedOf(job, { result: results[index] ?? null, status: statuses[index] ?? null }),
    );
  };
}

async function readStatuses(redis: Redis, keys: readonly string[]): Promise<(string | null)[]> {
  const pipeline = redis.pipeline();
  for (const key of keys) pipeline.getrange(key, 0, statusBytes);
  const replies = (await pipeline.exec()) ?? [];
  return replies.map(([error, text]) => (error ? null : readStatus(text)));
}

function readStatus(text: unknown): string | null {
  return /^\{"status": ?"(\w+)"/.exec(String(text))?.[1] ?? null;
}

const finalStatuses: Readonly<Record<EndState, Statuses>> = {
  completed: { result: 'SUCCESS', status: 'completed' },
  failed: { result: 'FAILURE', status: 'failed' },
  cancelled: { result: 'REVOKED', status: 'failed' },
  rejected: { result: 'FAILURE', status: null },
};

/** Pure. Celery stores no success of a task whose sender ignores its result. */
export function publishedOf(
  { state, ignoresResult }: Pick<PublishedJob, 'state' | 'ignoresResult'>,
  { result, status }: Statuses,
): Published {
  const isResultKept = !(ignoresResult && state === 'completed');
  const final = finalStatuses[state];
  const isFinal = result !== null && ['SUCCESS', 'FAILURE', 'REVOKED'].includes(result);
  return {
    isPublished: status === final.status && (!isResultKept || result === final.result),
    saysRunning: result === null || !isResultKept ? status === 'processing' : !isFinal,
  };
}
