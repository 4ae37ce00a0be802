/** A worker in a process of its own, for tests of kills, signals and starts. Dead after the test, whatever happens. */
import { onTestFinished } from 'vitest';
import { type SpawnedWorker, type SpawnOptions, startWorkerProcess } from './worker-process.ts';

export type { SpawnedWorker, SpawnOptions } from './worker-process.ts';

export function spawnWorker(options: SpawnOptions): SpawnedWorker {
  const worker = startWorkerProcess(options);
  onTestFinished(() => {
    worker.kill('SIGKILL');
  });
  return worker;
}
