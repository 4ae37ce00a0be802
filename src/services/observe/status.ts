/** Servers, workers, queues and jobs at one moment, gathered within two seconds. Starts nothing. */
import { systemClock } from '../../core/clock.ts';
import { createDatabase } from '../../core/connections/database.ts';
import { describeRedis, type Redis } from '../../core/connections/redis.ts';
import { AppError } from '../../core/errors.ts';
import { type Pause, pauseOfQueue } from '../../core/queue/pauses.ts';
import type { SilentWorker, WorkerState } from '../../core/queue/presence.ts';
import { countQueue, type QueueCounts } from '../../core/queue/queue-counts.ts';
import { createQueues } from '../../core/queue/queues.ts';
import { listControls } from '../../models/queries/controls.ts';
import { countJobs, type JobCounts } from '../../models/queries/jobs.ts';
import { checkSchema } from '../../models/schema-check.ts';
import { lookAtRedis, readPresence } from './look.ts';

/** What is left of two seconds after the start of a process. */
const lookMs = 1_300;
/** Queues that are there however few workers live. */
const ownQueues = ['classification', 'default'];

export interface ServerStatus {
  /** `stopped`: embedded, and not running. `refused`: by password or rights. `unfit`: version, kind or schema. */
  readonly state: 'reachable' | 'stopped' | 'unreachable' | 'refused' | 'unfit';
  readonly embedded: boolean;
  readonly address: string | null;
  readonly version: string | null;
  readonly latency_ms: number | null;
  readonly code: string | null;
  readonly error: string | null;
}

/** `none`: no worker is registered · `busy`: every slot of every worker is taken · `unknown`: Redis does not tell. */
export type WorkersState = 'none' | 'idle' | 'working' | 'busy' | 'unknown';

export { pauseOfQueue };

export interface StatusReport {
  readonly servers: {
    readonly redis: ServerStatus;
    readonly postgres: ServerStatus & { schema_version: number | null };
  };
  readonly data_dir: string | null;
  readonly workers: {
    readonly state: WorkersState;
    readonly alive: readonly WorkerState[];
    readonly silent: readonly SilentWorker[];
    /** Nodes that answered a ping of Celery's remote control, Python workers among them; null: the broker does not tell. */
    readonly nodes: readonly string[] | null;
  };
  /** null: Redis does not tell. */
  readonly queues: readonly QueueCounts[] | null;
  /** Messages that no worker has taken, by Celery list, of the lists in the settings that hold some; null: the broker does not tell. */
  readonly celery_messages: Readonly<Record<string, number>> | null;
  /** null: PostgreSQL does not tell. */
  readonly jobs: JobCounts | null;
  /** Pauses of queues and schedules; null: PostgreSQL does not tell. */
  readonly controls: readonly Pause[] | null;
}

/** Jobs that a worker has now. Their rows say `queued` or `retrying`, as the table does not know what runs. */
export function countProcessing({ workers }: Pick<StatusReport, 'workers'>): number {
  return workers.alive.reduce((sum, { active }) => sum + active.length, 0);
}

/** Where the servers are; null: embedded, and not running. */
export interface StatusTargets {
  readonly redisUrl: string | null;
  readonly postgresUrl: string | null;
  readonly embedded: { readonly postgres: boolean; readonly redis: boolean; readonly dataDir: string };
  /** What Celery's broker says, within the same bound as the other looks; null: it does not tell. */
  askCelery(timeoutMs: number): Promise<CeleryFacts | null>;
}

export interface CeleryFacts {
  readonly nodes: readonly string[];
  readonly messages: Readonly<Record<string, number>> | null;
}

export async function gatherStatus({
  redisUrl,
  postgresUrl,
  embedded,
  askCelery,
}: StatusTargets): Promise<StatusReport> {
  const [redis, postgres, broker] = await Promise.all([
    lookAtBroker(redisUrl, embedded.redis),
    lookAtDatabase(postgresUrl, embedded.postgres),
    askCelery(lookMs),
  ]);
  const { alive = [], silent = [] } = redis.presence ?? {};
  return {
    servers: { redis: redis.status, postgres: postgres.status },
    data_dir: embedded.redis || embedded.postgres ? embedded.dataDir : null,
    workers: { state: stateOfWorkers(redis.status.state, alive), alive, silent, nodes: broker?.nodes ?? null },
    queues: redis.queues,
    celery_messages: broker?.messages ?? null,
    jobs: postgres.jobs,
    controls: postgres.controls,
  };
}

export function stateOfWorkers(broker: ServerStatus['state'], alive: readonly WorkerState[]): WorkersState {
  // Embedded servers that do not run have no workers either.
  if (broker !== 'reachable' && broker !== 'stopped') return 'unknown';
  if (alive.length === 0) return 'none';
  if (alive.every(({ active }) => active.length === 0)) return 'idle';
  return alive.every(({ active, concurrency }) => active.length >= concurrency) ? 'busy' : 'working';
}

async function lookAtBroker(url: string | null, isEmbedded: boolean) {
  if (url === null) return { status: stopped, presence: null, queues: null };
  const address = describeRedis(url);
  try {
    return await lookAtRedis(url, lookMs, async (redis, { version, latencyMs }) => {
      const presence = await readPresence(redis);
      const names = [...new Set([...ownQueues, ...presence.alive.flatMap(({ queues }) => queues)])];
      const queues = await countQueues(redis, names);
      return { status: reachable({ isEmbedded, address, version, latencyMs }), presence, queues };
    });
  } catch (error) {
    return { status: troubled(error, { isEmbedded, address }), presence: null, queues: null };
  }
}

async function countQueues(connection: Redis, names: readonly string[]): Promise<QueueCounts[]> {
  const queues = createQueues({ connection, names, clock: systemClock, maxRetries: 0 });
  try {
    return await Promise.all(names.map((name) => countQueue(queues, name)));
  } finally {
    await queues.close();
  }
}

async function lookAtDatabase(url: string | null, isEmbedded: boolean) {
  if (url === null) return { status: { ...stopped, schema_version: null }, jobs: null, controls: null };
  const address = describePostgres(url);
  const database = createDatabase({ url, poolSize: 1, applicationName: 'vambe status' });
  const look = async () => {
    await database.testConnection();
    // The second one, as the first pays for the connection too.
    const { version, latencyMs } = await database.testConnection();
    const schema = await checkSchema(database);
    const jobs = await countJobs(database);
    const controls = await listControls(database);
    const status = {
      ...reachable({ isEmbedded, address, version: version.split(' ')[0] ?? '', latencyMs }),
      schema_version: schema.version,
    };
    return { status, jobs, controls };
  };
  try {
    return await within(lookMs, look(), address);
  } catch (error) {
    return {
      status: { ...troubled(error, { isEmbedded, address }), schema_version: null },
      jobs: null,
      controls: null,
    };
  } finally {
    // A server that hangs is not waited for: the process ends anyway.
    database.close().catch(() => undefined);
  }
}

const stopped: ServerStatus = {
  state: 'stopped',
  embedded: true,
  address: null,
  version: null,
  latency_ms: null,
  code: null,
  error: null,
};

function reachable(facts: { isEmbedded: boolean; address: string; version: string; latencyMs: number }): ServerStatus {
  const { isEmbedded, address, version, latencyMs } = facts;
  return {
    state: 'reachable',
    embedded: isEmbedded,
    address,
    version: version,
    latency_ms: Number(latencyMs.toFixed(1)),
    code: null,
    error: null,
  };
}

/** What else is thrown is a fault of ours and goes on. */
function troubled(error: unknown, { isEmbedded, address }: { isEmbedded: boolean; address: string }): ServerStatus {
  if (!(error instanceof AppError)) throw error;
  const refusedOrUnfit = error.code.endsWith('_REFUSED') ? 'refused' : 'unfit';
  const state = error.fault === 'transient' ? 'unreachable' : refusedOrUnfit;
  return {
    state,
    embedded: isEmbedded,
    address,
    version: null,
    latency_ms: null,
    code: error.code,
    error: error.message,
  };
}

/** @throws AppError DATABASE_UNREACHABLE that names the limit */
async function within<T>(timeoutMs: number, work: Promise<T>, address: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const message = `PostgreSQL at ${address} did not answer within ${timeoutMs} ms. It is overloaded or out of reach.`;
    timer = setTimeout(() => reject(new AppError('DATABASE_UNREACHABLE', message)), timeoutMs);
  });
  work.catch(() => undefined); // a late failure of abandoned work is not told
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** `host:port/database`, without user and password. */
export function describePostgres(url: string): string {
  try {
    const { hostname, port, pathname } = new URL(url);
    return `${hostname}:${port || 5432}${pathname}`;
  } catch {
    return 'the given address';
  }
}
