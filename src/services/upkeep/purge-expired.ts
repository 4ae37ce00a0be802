/** Deletes history that is older than JOB_RETENTION_DAYS, and rows of ours whose meeting is gone. */

const rowsAPage = 1_000;

export interface PurgeReport {
  readonly jobs: number;
  readonly model_calls: number;
  readonly forced_replies: number;
  readonly rows_of_deleted_meetings: number;
}

export type PurgeExpired = () => Promise<PurgeReport>;

interface AgedPage {
  readonly olderThanDays: number;
  readonly limit: number;
}

export interface PurgeDeps {
  readonly retentionDays: number;
  deleteEndedJobs(page: AgedPage): Promise<number>;
  deleteOldModelCalls(page: AgedPage): Promise<number>;
  deleteOldForcedReplies(page: AgedPage): Promise<number>;
  deleteRowsOfGoneMeetings(page: { limit: number }): Promise<number>;
}

/** A page at a time, so that no statement holds locks for long. */
export function createPurgeExpired(deps: PurgeDeps): PurgeExpired {
  const page = { olderThanDays: deps.retentionDays, limit: rowsAPage };
  return async () => ({
    jobs: await untilDone(() => deps.deleteEndedJobs(page)),
    model_calls: await untilDone(() => deps.deleteOldModelCalls(page)),
    forced_replies: await untilDone(() => deps.deleteOldForcedReplies(page)),
    rows_of_deleted_meetings: await untilDone(() => deps.deleteRowsOfGoneMeetings(page)),
  });
}

async function untilDone(deletePage: () => Promise<number>): Promise<number> {
  for (let total = 0; ; ) {
    const deleted = await deletePage();
    total += deleted;
    if (deleted < rowsAPage) return total;
  }
}
