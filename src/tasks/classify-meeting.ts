/** classify_meeting: labels one meeting's transcript and saves the labels with their quotes. */
import { z } from 'zod';
import { defineTask } from '../core/task.ts';
import type { Context } from '../services/services.ts';

export const classifyMeeting = defineTask({
  name: 'classify_meeting',
  aliases: ['core.tasks.classify_meeting_task'],
  queue: 'classification',
  subjectParameter: 'meeting_id',
  parameters: z.object({
    meeting_id: z.int().positive().max(2_147_483_647),
    force_reprocess: z.boolean().default(false),
    callback_url: z.url().nullish(),
    api_task_id: z.string().nullish(),
  }),
  async run({ force_reprocess, callback_url }, { services, job, signal, progress, takeAgain, log }: Context) {
    if (callback_url)
      log.warn('callback.not_delivered', { reason: 'this version stores callback_url and calls nobody' });
    return services.classifyMeeting({ job, isForced: force_reprocess, signal, progress, takeAgain });
  },
});
