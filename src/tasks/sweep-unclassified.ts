/** sweep_unclassified: accepts meetings that have a transcript, no classification, and no job since they last changed. */
import * as z from 'zod';
import { complete } from '../core/outcome.ts';
import { defineTask } from '../core/task.ts';
import type { Context } from '../services/services.ts';

export const sweepUnclassified = defineTask({
  name: 'sweep_unclassified',
  schedule: { everyMs: 5 * 60_000 },
  parameters: z.object({}),
  async run(_parameters, { services }: Context) {
    return complete(await services.sweepUnclassified());
  },
});
