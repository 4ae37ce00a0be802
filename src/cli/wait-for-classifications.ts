/** Waits until every one of some classification jobs has ended, under a progress bar. */
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { App } from '../app.ts';
import { pauseOfQueue } from '../core/queue/pauses.ts';
import { listWorkers } from '../core/queue/presence.ts';
import {
  type EndedClassification,
  listEndedClassifications,
  listRetryCauses,
} from '../models/queries/classification-jobs.ts';
import { listControls } from '../models/queries/controls.ts';
import type { Cli } from './cli.ts';
import { counted } from './counted.ts';
import { describeControl } from './describe-control.ts';
import { isAbort } from './fault.ts';

export interface QueuedJob {
  readonly meetingId: number;
  readonly taskId: string;
  readonly rowId: string;
}

const lookEveryMs = 250;
/** Looking must not cost more than a tenth of the time, however many jobs there are. */
const restPerLook = 10;
/** Without an end for so long, it is looked for what holds the jobs up. */
const quietMs = 3_000;

/** In the order of `jobs`. Rejects as aborted when the command is interrupted: the jobs go on. */
export async function waitForClassifications(
  cli: Cli,
  app: App,
  jobs: readonly QueuedJob[],
): Promise<readonly EndedClassification[]> {
  const pending = new Set(jobs.map(({ rowId }) => rowId));
  const ended = new Map<string, EndedClassification>();
  const told = new Set<string>();
  let quietSinceMs = performance.now();
  const bar = cli.bar(jobs.length, 'classifying meetings');
  try {
    for (;;) {
      const lookMs = performance.now();
      for (const each of await listEndedClassifications(app.database, [...pending])) {
        ended.set(each.row_id, each);
        pending.delete(each.row_id);
        quietSinceMs = lookMs;
      }
      bar.update(ended.size);
      if (pending.size === 0) break;
      if (lookMs - quietSinceMs > quietMs) {
        quietSinceMs = lookMs;
        const reason = await whyNothingEnds(app, [...pending]);
        if (reason !== undefined && !told.has(reason.kind)) cli.note(`vambe: ${reason.words}`);
        if (reason !== undefined) told.add(reason.kind);
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

/** The first thing found; `kind` names it, however the words change. */
async function whyNothingEnds(
  app: App,
  rowIds: readonly string[],
): Promise<{ kind: string; words: string } | undefined> {
  const workers = await listWorkers(app.redis, app.clock).catch(() => undefined);
  if (workers?.length === 0)
    return { kind: 'no worker', words: 'no worker is running; the jobs wait until "vambe up" or "vambe worker" runs.' };
  const pause = pauseOfQueue(await listControls(app.database), 'classification');
  if (pause) return { kind: pause.kind, words: describeControl(pause) };
  const [cause] = await listRetryCauses(app.database, rowIds);
  if (cause === undefined) return undefined;
  const { jobs, error_code: code, error_message: message } = cause;
  return { kind: code, words: `${counted(jobs, 'job')} failed, to be tried again: ${message} [${code}]` };
}
