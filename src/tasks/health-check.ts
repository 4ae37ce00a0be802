/** health_check: says whether database and Redis answer. */
import * as z from 'zod';
import { complete } from '../core/outcome.ts';
import { defineTask } from '../core/task.ts';
import type { Context } from '../services/services.ts';

export const healthCheck = defineTask({
  name: 'health_check',
  aliases: ['core.tasks.health_check_task'],
  schedule: { everyMs: 5 * 60_000 },
  parameters: z.object({}),
  async run(_parameters, { services }: Context) {
    return complete(await services.checkHealth());
  },
});
