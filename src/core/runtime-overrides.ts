/** Settings that remote control overrides in a running worker, in memory. Other parts read them and are notified of changes. */

/** Limits that clients of remote control expect: 50,000 ids, three hours. */
const maxRevoked = 50_000;
const revokedLifeMs = 3 * 3_600_000;

export interface TimeLimits {
  readonly softMs: number | null;
  readonly hardMs: number | null;
}

export interface RuntimeOverrides {
  /** Names of the consumed message lists, in order. */
  lists(): readonly string[];
  /** False: it was already consumed. */
  addList(name: string): boolean;
  /** False: it was not consumed. */
  removeList(name: string): boolean;
  revoke(taskIds: readonly string[]): void;
  isRevoked(taskId: string): boolean;
  revokedIds(): readonly string[];
  /** Limits that replace those of a task, by its name. */
  setTimeLimits(task: string, limits: TimeLimits): void;
  timeLimitsOf(task: string): TimeLimits | undefined;
  /** Number of concurrent jobs. */
  concurrency(): number;
  /** At least 1. */
  setConcurrency(jobs: number): void;
  /** Calls back on every change of lists, revoked ids or concurrency, until the returned function is called. */
  onChange(listener: (what: 'lists' | 'revoked' | 'concurrency') => void): () => void;
}

export interface RuntimeOverridesOptions {
  readonly lists: readonly string[];
  readonly concurrency: number;
  /** Monotonic milliseconds. */
  now(): number;
}

export function createRuntimeOverrides(options: RuntimeOverridesOptions): RuntimeOverrides {
  const lists = new Set(options.lists);
  const revoked = new Map<string, number>();
  const limits = new Map<string, TimeLimits>();
  const listeners = new Set<(what: 'lists' | 'revoked' | 'concurrency') => void>();
  let { concurrency } = options;
  const tell = (what: 'lists' | 'revoked' | 'concurrency') => {
    for (const listener of listeners) listener(what);
  };
  /** Insertion order is age, so the oldest come first. */
  const forgetOld = () => {
    const untilMs = options.now() - revokedLifeMs;
    for (const [id, atMs] of revoked) {
      if (atMs > untilMs && revoked.size <= maxRevoked) break;
      revoked.delete(id);
    }
  };
  return {
    lists: () => [...lists],
    addList(name) {
      if (lists.has(name)) return false;
      lists.add(name);
      tell('lists');
      return true;
    },
    removeList(name) {
      const wasThere = lists.delete(name);
      if (wasThere) tell('lists');
      return wasThere;
    },
    revoke(taskIds) {
      for (const id of taskIds) {
        revoked.delete(id);
        revoked.set(id, options.now());
      }
      forgetOld();
      tell('revoked');
    },
    isRevoked: (taskId) => revoked.size > 0 && revoked.has(taskId),
    revokedIds() {
      forgetOld();
      return [...revoked.keys()];
    },
    setTimeLimits(task, each) {
      limits.set(task, each);
    },
    timeLimitsOf: (task) => limits.get(task),
    concurrency: () => concurrency,
    setConcurrency(jobs) {
      concurrency = Math.max(1, jobs);
      tell('concurrency');
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
