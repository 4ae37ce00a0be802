/** purge_expired: deletes jobs and records of model calls older than JOB_RETENTION_DAYS, and our rows of meetings that are gone. */
import * as z from 'zod';
import { complete } from '../core/outcome.ts';
import { defineTask } from '../core/task.ts';
import type { Context } from '../services/services.ts';

export const purgeExpired = defineTask({
  name: 'purge_expired',
  schedule: { cron: '17 3 * * *' },
  parameters: z.object({}),
  async run(_parameters, { services }: Context) {
    return complete(await services.purgeExpired());
  },
});
