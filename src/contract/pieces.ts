/** Pieces that the documents of jobs, queues, schedules and checks share. */
import * as z from 'zod';

/** A list that may come from read-only data. */
export const list = <T extends z.ZodType>(item: T) => z.array(item).readonly();

/** ISO 8601. */
export const moment = z.iso.datetime({ offset: true });
export const count = z.int().nonnegative();

/** Beside `success`: the first thing that is wrong; both or none. */
export const trouble = { error: z.string().nullable().optional(), code: z.string().nullable().optional() };

/** What every command answers with `--json` when it fails before its own document. */
export const failureDocument = z.strictObject({ success: z.literal(false), error: z.string(), code: z.string() });
