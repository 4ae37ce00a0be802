/** The worker process with what a test steers: short bounds, a classifier that takes its time, a clock that jumps at SIGUSR2. */
import { pathToFileURL } from 'node:url';
import type { Classifier } from '../../src/services/classification/classifier.ts';
import { productModule } from './product.ts';

export interface Steering {
  readonly lockMs?: number;
  readonly graceMs?: number;
  /** Each classification lasts this long. */
  readonly classifyMs?: number;
  /** How far each SIGUSR2 moves this process's wall clock, BullMQ's included. */
  readonly clockJumpMs?: number;
}

/** The same answers, later. */
function slowed(classifier: Classifier, ms: number): Classifier {
  return {
    ...classifier,
    async classify(input) {
      await new Promise((resolve) => setTimeout(resolve, ms));
      input.signal.throwIfAborted();
      return classifier.classify(input);
    },
  };
}

/** Forth at the first signal, back at the second. */
function jumpAtSignal(jumpMs: number): void {
  const realNow = Date.now;
  let offsetMs = 0;
  process.on('SIGUSR2', () => {
    offsetMs = offsetMs === 0 ? jumpMs : 0;
  });
  class JumpingDate extends Date {
    constructor(...given: unknown[]) {
      if (given.length === 0) super(realNow() + offsetMs);
      else super(...(given as [number]));
    }
    static override now() {
      return realNow() + offsetMs;
    }
  }
  globalThis.Date = JumpingDate as DateConstructor;
}

async function main(): Promise<void> {
  const steering: Steering = JSON.parse(process.env.TEST_STEERING ?? '{}');
  if (steering.clockJumpMs !== undefined) jumpAtSignal(steering.clockJumpMs);
  const { runWorkerUntilSignal }: typeof import('../../src/worker.ts') = await import(productModule('worker'));
  const { chooseClassifier, readTaxonomy }: typeof import('../../src/wire-services.ts') = await import(
    productModule('wire-services')
  );
  const { loadConfig }: typeof import('../../src/config/load.ts') = await import(productModule('config/load'));
  const { createLogger }: typeof import('../../src/core/log/logger.ts') = await import(
    productModule('core/log/logger')
  );
  const { config } = loadConfig();
  const log = createLogger({ level: config.logLevel, format: 'json' });
  const classifier = slowed(await chooseClassifier(config, await readTaxonomy(config)), steering.classifyMs ?? 0);
  const [postgresUrl, redisUrl] = [config.databaseUrl ?? '', config.redisUrl ?? ''];
  const { lockMs, graceMs } = steering;
  process.exit(await runWorkerUntilSignal({ config, log, postgresUrl, redisUrl, classifier, lockMs, graceMs }));
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) await main();
