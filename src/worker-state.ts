/** What a worker shows of itself to `vambe status`, `vambe inspect` and Celery's tools. */
import { type Config, settingKeys, settings as settingsTable } from './config/schema.ts';
import { maskSecrets } from './core/log/mask.ts';
import type { Consumer } from './core/queue/consumer.ts';
import type { WorkerState } from './core/queue/presence.ts';
import type { WorkerWiring } from './wiring.ts';

/** Reads the state of this process as it is now. */
export function stateReader(
  { registry, clock, log, workerName }: WorkerWiring,
  shown: Pick<WorkerState, 'conf' | 'concurrency'> & { queueNames: readonly string[]; consumer: Consumer },
): () => WorkerState {
  const { consumer, concurrency, conf, queueNames } = shown;
  const startedAt = new Date(clock.wallMs()).toISOString();
  return () => ({
    worker: workerName,
    pid: process.pid,
    queues: queueNames,
    concurrency,
    tasks: registry.all.map(({ name }) => name),
    started_at: startedAt,
    processed: consumer.counts(),
    rss_bytes: process.memoryUsage.rss(),
    dropped_log_lines: log.droppedLines?.() ?? 0,
    software: `vambe-ai-worker on Node.js ${process.versions.node}, ${process.platform} ${process.arch}`,
    conf,
    active: consumer.running().map(({ job, startedWallMs }) => ({
      task_id: job.taskId,
      task: job.task,
      meeting_id: job.subjectId,
      started_at: new Date(startedWallMs).toISOString(),
    })),
  });
}

/** Every setting by name as others may see it: secrets and passwords of addresses masked. */
export function shownSettings(config: Config): Record<string, unknown> {
  return Object.fromEntries(
    settingKeys.map((key) => {
      const [value, { name, isSecret }] = [config[key], settingsTable[key]];
      if (isSecret) return [name, value === null ? null : '********'];
      return [name, typeof value === 'string' ? maskSecrets(value) : value];
    }),
  );
}
