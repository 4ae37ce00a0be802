/** (c) Requests accepted a second: rows committed, then added; beside BullMQ's bare addBulk of as many jobs in the same minute. */

import { priorities } from '../../src/core/queue/enqueue.ts';
import type { App } from '../../src/wiring.ts';
import { empty, type Surroundings } from '../surroundings.ts';
import { measureAddBulk } from './ceiling.ts';

export interface EnqueueFigures {
  readonly enqueued_per_s: number;
  readonly addbulk_per_s: number;
}

export async function measureEnqueue(
  surroundings: Surroundings,
  app: App,
  { ids, jobs }: { ids: readonly number[]; jobs: number },
): Promise<EnqueueFigures> {
  const addbulkPerS = await measureAddBulk(surroundings, jobs);
  await empty(app);
  const requests = Array.from({ length: jobs }, (_each, index) => ({
    task: 'classify_meeting',
    args: [ids[index % ids.length]],
    origin: 'cli',
    priority: priorities.normal,
  }));
  const fromMs = performance.now();
  await app.enqueuer.enqueue(requests);
  const seconds = (performance.now() - fromMs) / 1_000;
  await empty(app);
  return { enqueued_per_s: jobs / seconds, addbulk_per_s: addbulkPerS };
}
