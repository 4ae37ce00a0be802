/** classify_meeting: labels one meeting's transcript and saves the labels with their quotes. */
import * as z from 'zod';
import { whyNotStorable } from '../core/storable.ts';
import { defineTask } from '../core/task.ts';
import type { Context } from '../services/services.ts';

interface IgnoredCallback {
  /** A description of the value that was given instead. */
  readonly ignored: string;
}

/** What is no URL is no reason to leave a meeting unclassified; the job's parameters say what came. The same again for its own answer. */
function toCallback(given: unknown): string | IgnoredCallback | null | undefined {
  if (given === null || given === undefined) return given;
  if (z.url().safeParse(given).success && whyNotStorable(given) === undefined) return String(given);
  const earlier = ignoredCallback.safeParse(given);
  return earlier.success ? earlier.data : { ignored: describe(given) };
}

const ignoredCallback = z.strictObject({ ignored: z.string().max(100) });

function describe(value: unknown): string {
  if (typeof value === 'string') return `a text of ${value.length} characters`;
  return Array.isArray(value) ? 'a list' : typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

export const classifyMeeting = defineTask({
  name: 'classify_meeting',
  aliases: ['core.tasks.classify_meeting_task'],
  queue: 'classification',
  subjectParameter: 'meeting_id',
  parameters: z.object({
    meeting_id: z.int().positive().max(2_147_483_647),
    force_reprocess: z.boolean().default(false),
    callback_url: z.json().nullish().transform(toCallback),
    api_task_id: z.string().nullish(),
  }),
  async run({ force_reprocess, callback_url }, { services, job, signal, progress, takeAgain, log }: Context) {
    if (typeof callback_url === 'object' && callback_url !== null)
      log.warn('callback.ignored', { reason: `callback_url is no URL but ${callback_url.ignored}` });
    else if (callback_url)
      log.warn('callback.not_delivered', { reason: 'this version stores callback_url but does not call it' });
    return services.classifyMeeting({ job, isForced: force_reprocess, signal, progress, takeAgain });
  },
});
