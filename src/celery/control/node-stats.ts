/** Facts about a node: the answers to `stats`, `report` and `memsample`. */
import type { NodeContext } from './node-context.ts';

/** The answer to `stats`, with the keys of Celery's own; none of them holds a password. */
export function nodeStats({ worker, clock, broker, pid, uptimeSeconds }: NodeContext) {
  const started = worker.started();
  const total = Object.values(started).reduce((sum, count) => sum + count, 0);
  const concurrency = worker.concurrency();
  const settings = worker.settings();
  const hardSeconds = typeof settings.TASK_TIMEOUT === 'number' ? settings.TASK_TIMEOUT : 300;
  return {
    total: started,
    pid,
    clock: String(clock.value()),
    uptime: Math.round(uptimeSeconds()),
    pool: {
      'max-concurrency': concurrency,
      processes: [pid],
      'max-tasks-per-child': 'N/A',
      'put-guarded-by-semaphore': false,
      timeouts: [Math.max(1, hardSeconds - 60), hardSeconds],
      writes: {
        total,
        avg: concurrency === 0 ? '0.00' : (total / concurrency).toFixed(2),
        all: String(total),
        raw: String(total),
        strategy: 'fair',
        inqueues: { total: concurrency, active: 0 },
      },
    },
    broker: {
      hostname: broker.hostname,
      userid: broker.user,
      virtual_host: broker.database,
      port: broker.port,
      insist: false,
      ssl: broker.isTls,
      transport: 'redis',
      connect_timeout: 4,
      transport_options: {},
      login_method: null,
      uri_prefix: null,
      heartbeat: 120,
      failover_strategy: 'round-robin',
      alternates: [],
    },
    prefetch_count: concurrency,
    rusage: resourceUsage(),
  };
}

/** Python's `resource.getrusage`, as far as Node.js knows it; times in seconds, `maxrss` in KiB. */
function resourceUsage() {
  const usage = process.resourceUsage();
  return {
    utime: usage.userCPUTime / 1e6,
    stime: usage.systemCPUTime / 1e6,
    maxrss: usage.maxRSS,
    ixrss: usage.sharedMemorySize,
    idrss: usage.unsharedDataSize,
    isrss: usage.unsharedStackSize,
    minflt: usage.minorPageFault,
    majflt: usage.majorPageFault,
    nswap: usage.swappedOut,
    inblock: usage.fsRead,
    oublock: usage.fsWrite,
    msgsnd: usage.ipcSent,
    msgrcv: usage.ipcReceived,
    nsignals: usage.signalsCount,
    nvcsw: usage.voluntaryContextSwitches,
    nivcsw: usage.involuntaryContextSwitches,
  };
}

/** The text of `celery inspect report`. */
export function nodeReport({ node, worker, broker, pid, software }: NodeContext): string {
  const lines = [
    `software -> ${software}`,
    `worker   -> ${node} pid:${pid} concurrency:${worker.concurrency()}`,
    `queues   -> ${worker.lists().join(', ')}`,
    `settings -> transport:redis results:redis at ${broker.hostname}:${broker.port}/${broker.database}`,
    '',
    ...Object.entries(worker.settings()).flatMap(([name, value]) =>
      value === null ? [] : [`${name}: ${JSON.stringify(value)}`],
    ),
  ];
  return `\n${lines.join('\n')}\n`;
}

/** Resident memory as Celery's `memsample` writes it: `27.1MB`. */
export function memorySample(): string {
  return `${(process.memoryUsage.rss() / 1_048_576).toFixed(1)}MB`;
}
