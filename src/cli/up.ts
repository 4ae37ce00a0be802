/** The life of `vambe up`: open servers, start a worker, classify what waits under a progress bar, sum up, stay. */
import { fileURLToPath } from 'node:url';
import { describeLlmAccess, llmAccess } from '../config/llm-access.ts';
import { toSummaryDocument } from '../contract/summary.ts';
import { createLogger } from '../core/log/logger.ts';
import { importSamples } from '../services/meetings/import-samples.ts';
import { summariseMeetings, waitUntilIdle } from '../services/meetings/summarise-meetings.ts';
import type { App } from '../wiring.ts';
import { leaveInTime, type RunningWorker, startWorker } from '../worker.ts';
import { currentActor } from './kit/actor.ts';
import type { Cli } from './kit/cli.ts';
import type { Bar } from './kit/progress.ts';
import { openServers, type ServerUrls } from './kit/servers.ts';
import { describeSummary } from './print/summary.ts';

const samplesFile = fileURLToPath(new URL('../../samples/meetings.csv', import.meta.url));

export interface UpOptions {
  readonly exitWhenIdle?: boolean;
  readonly concurrency?: number;
  readonly samples: boolean;
}

export async function runUp(cli: Cli, options: UpOptions): Promise<void> {
  const { config, origin } = cli.config();
  // The bar and the summary speak; the log adds what goes wrong, or what LOG_LEVEL asks for.
  const level = origin.logLevel === 'default' ? 'warn' : config.logLevel;
  const log = createLogger({ level, format: config.logFormat ?? (process.stderr.isTTY ? 'pretty' : 'json') });
  cli.takeOverShutdown();
  const stop = untilSignal();
  void stop.whenAborted.then(() => leaveInTime());
  cli.note('🚀 Vambe AI Worker starts');
  const servers = await openServers(config, log);
  let worker: RunningWorker | undefined;
  try {
    const { postgresUrl, redisUrl } = servers;
    worker = await startWorker({
      config,
      log,
      postgresUrl,
      redisUrl,
      concurrency: options.concurrency,
      migrates: true,
      createsApiTables: servers.embedded.postgres,
      onShutDown: stop.request,
      async prepare(app) {
        tellServers(cli, servers, app);
        await acceptWhatWaits(cli, app, servers, options);
      },
    });
    await waitWithBar(cli, worker.app, stop.signal);
    if (!stop.signal.aborted) {
      const summary = await summariseMeetings(worker.app.database);
      if (cli.json) cli.document(toSummaryDocument(summary));
      else cli.out(describeSummary(cli, summary));
    }
    if (options.exitWhenIdle !== true && !stop.signal.aborted) {
      cli.note('\nThe worker stays up and classifies what arrives. Ctrl-C stops it.');
      await stop.whenAborted;
    }
    if (stop.signal.aborted) {
      const running = worker.app.runningJobs();
      cli.note(
        `\nStopping: ${running === 0 ? 'nothing is running' : `${running === 1 ? '1 job is' : `${running} jobs are`} being finished`}. Ctrl-C again leaves at once.`,
      );
    }
    await Promise.race([worker.stop(), stop.whenInsisted.then(() => worker?.stop())]);
    cli.exitWith(stop.exitCode());
  } finally {
    await worker?.stop().catch(() => undefined);
    await servers.stop();
  }
}

/** Before the worker consumes: its own schedule would otherwise accept meetings that the import is about to. */
async function acceptWhatWaits(cli: Cli, app: App, { embedded }: ServerUrls, options: UpOptions): Promise<void> {
  // Sample meetings never go into a database of other people.
  if (embedded.postgres && options.samples) {
    const imported = await importSamples(app, {
      path: samplesFile,
      actor: currentActor(),
      timeZone: app.config.importTimezone,
      now: new Date(app.clock.wallMs()),
    });
    if (imported) cli.note(`📥 ${imported.inserted} sample meetings imported from samples/meetings.csv`);
  }
  await app.services.sweepUnclassified();
}

async function waitWithBar(cli: Cli, { database }: App, signal: AbortSignal): Promise<void> {
  let bar: Bar | undefined;
  const onProgress = (done: number, total: number) => {
    bar ??= cli.bar(total, 'classifying meetings');
    bar.update(done);
  };
  await waitUntilIdle(database, { signal, onProgress }).finally(() => bar?.stop());
}

function tellServers(cli: Cli, { embedded }: ServerUrls, app: App): void {
  const where = (isEmbedded: boolean) =>
    isEmbedded
      ? `embedded, data in ${embedded.dataDir}${embedded.attached ? ' (already running)' : ''}`
      : 'as configured';
  cli.note(`🗄️  PostgreSQL: ${where(embedded.postgres)}`);
  cli.note(`🔴 Redis: ${where(embedded.redis)}`);
  const { kind, model } = app.classifier;
  const how = kind === 'offline' ? 'no model is called' : describeLlmAccess(llmAccess(app.config));
  cli.note(`🤖 Classifier: ${model} (${how})`);
}

/** Ctrl-C or SIGTERM once: stop in order. Twice: leave with 130 or 143. */
function untilSignal() {
  const once = new AbortController();
  let code = 0;
  let abort: () => void = () => undefined;
  let insist: () => void = () => undefined;
  const whenAborted = new Promise<void>((resolve) => {
    abort = resolve;
  });
  const whenInsisted = new Promise<void>((resolve) => {
    insist = resolve;
  });
  const request = () => {
    once.abort();
    abort();
  };
  const onSignal = (name: NodeJS.Signals) => {
    if (!once.signal.aborted) return request();
    code = name === 'SIGINT' ? 130 : 143;
    insist();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return { signal: once.signal, whenAborted, whenInsisted, exitCode: () => code, request };
}
