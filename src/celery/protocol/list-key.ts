/** Keys of Celery's lists: a queue has one list for each priority step. Pure. */

/** Celery's four priority steps; a lower number is served first. */
export const prioritySteps = [0, 3, 6, 9] as const;
const separator = '\x06\x16';

/** The key of a queue's list for messages of this priority, 0 to 9. */
export function listKey(queue: string, priority: number): string {
  const step = prioritySteps.findLast((each) => each <= priority) ?? 0;
  return step === 0 ? queue : `${queue}${separator}${step}`;
}

/** Queue and priority step of a list's key. */
export function splitListKey(key: string): { readonly queue: string; readonly priority: number } {
  const [queue = key, step] = key.split(separator);
  return { queue, priority: prioritySteps.find((each) => String(each) === step) ?? 0 };
}
