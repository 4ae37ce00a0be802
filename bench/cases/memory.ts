/** (e) Resident memory of one worker: idle, under load, and after many jobs (no-op health checks, so that PostgreSQL stays small). */
import type { App } from '../../src/wiring.ts';
import { residentBytes } from '../processes.ts';
import { empty, type Surroundings, spawnWorker } from '../surroundings.ts';

export interface MemoryFigures {
  readonly idle_mb: number;
  readonly peak_mb: number;
  readonly after_first_fifth_mb: number;
  readonly after_all_mb: number;
  /** From the first fifth of the jobs to the end. */
  readonly growth: number;
}

const megabyte = 1_048_576;
const blockJobs = 5_000;

export async function measureMemory(
  surroundings: Surroundings,
  app: App,
  { ids, jobs }: { ids: readonly number[]; jobs: number },
): Promise<MemoryFigures> {
  await empty(app);
  const worker = await spawnWorker(surroundings, 50);
  const look = () => residentBytes(worker.pid) / megabyte;
  const idleMb = look();
  let peakMb = 0;
  let firstFifthMb = 0;
  for (let done = 0; done < jobs; ) {
    const block = Math.min(blockJobs, jobs - done);
    await app.enqueuer.enqueue(
      Array.from({ length: block }, (_each, index) => ({
        task: 'classify_meeting',
        args: [ids[(done + index) % ids.length], true],
        origin: 'cli',
      })),
    );
    done += block;
    for (;;) {
      peakMb = Math.max(peakMb, look());
      const { classification = 0 } = await app.ledger.countOpen();
      if (classification === 0) break;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    if (firstFifthMb === 0 && done >= jobs / 5) firstFifthMb = look();
  }
  const afterAllMb = look();
  await worker.stop();
  return {
    idle_mb: idleMb,
    peak_mb: peakMb,
    after_first_fifth_mb: firstFifthMb,
    after_all_mb: afterAllMb,
    growth: afterAllMb / firstFifthMb - 1,
  };
}
