/** Deletes history that is older than JOB_RETENTION_DAYS, and rows of ours whose meeting is gone. */

const rowsAPage = 1_000;

export interface PurgeReport {
  readonly jobs: number;
  readonly rows_of_deleted_meetings: number;
}

export type PurgeExpired = () => Promise<PurgeReport>;

export interface PurgeDeps {
  readonly retentionDays: number;
  deleteEndedJobs(page: { olderThanDays: number; limit: number }): Promise<number>;
  deleteRowsOfGoneMeetings(page: { limit: number }): Promise<number>;
}

/** A page at a time, so that no statement holds locks for long. */
export function createPurgeExpired({
  retentionDays,
  deleteEndedJobs,
  deleteRowsOfGoneMeetings,
}: PurgeDeps): PurgeExpired {
  return async () => ({
    jobs: await untilDone(() => deleteEndedJobs({ olderThanDays: retentionDays, limit: rowsAPage })),
    rows_of_deleted_meetings: await untilDone(() => deleteRowsOfGoneMeetings({ limit: rowsAPage })),
  });
}

async function untilDone(deletePage: () => Promise<number>): Promise<number> {
  for (let total = 0; ; ) {
    const deleted = await deletePage();
    total += deleted;
    if (deleted < rowsAPage) return total;
  }
}
