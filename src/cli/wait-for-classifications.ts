/** Waits until every one of some classification jobs has ended, under a progress bar. */
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { App } from '../app.ts';
import { listWorkers } from '../core/queue/presence.ts';
import { type EndedClassification, listEndedClassifications } from '../models/queries/classification-jobs.ts';
import type { Cli } from './cli.ts';
import { isAbort } from './fault.ts';

export interface QueuedJob {
  readonly meetingId: number;
  readonly taskId: string;
  readonly rowId: string;
}

const lookEveryMs = 250;
/** Looking must not cost more than a tenth of the time, however many jobs there are. */
const restPerLook = 10;
const workerGraceMs = 3_000;

/** In the order of `jobs`. Rejects as aborted when the command is interrupted: the jobs go on. */
export async function waitForClassifications(
  cli: Cli,
  app: App,
  jobs: readonly QueuedJob[],
): Promise<readonly EndedClassification[]> {
  const pending = new Set(jobs.map(({ rowId }) => rowId));
  const ended = new Map<string, EndedClassification>();
  const startMs = performance.now();
  let isWorkerSure = false;
  const bar = cli.bar(jobs.length, 'classifying meetings');
  try {
    for (;;) {
      const lookMs = performance.now();
      for (const each of await listEndedClassifications(app.database, [...pending])) {
        ended.set(each.row_id, each);
        pending.delete(each.row_id);
      }
      bar.update(ended.size);
      if (pending.size === 0) break;
      if (!isWorkerSure && ended.size === 0 && performance.now() - startMs > workerGraceMs) {
        isWorkerSure = true;
        await tellIfNoWorker(cli, app);
      }
      const tookMs = performance.now() - lookMs;
      await sleep(Math.max(lookEveryMs, tookMs * restPerLook), undefined, { signal: cli.signal });
    }
  } catch (error) {
    if (isAbort(error))
      cli.note(
        `vambe: ${pending.size === 1 ? '1 job stays queued; "vambe jobs" shows it' : `${pending.size} jobs stay queued; "vambe jobs" shows them`}.`,
      );
    throw error;
  } finally {
    bar.stop();
  }
  return jobs.flatMap(({ rowId }) => ended.get(rowId) ?? []);
}

async function tellIfNoWorker(cli: Cli, app: App): Promise<void> {
  const workers = await listWorkers(app.redis, app.clock).catch(() => undefined);
  if (workers?.length === 0)
    cli.note('vambe: no worker is running; the jobs wait until "vambe up" or "vambe worker" runs.');
}
