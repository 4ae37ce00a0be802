/** One look of `vambe doctor` a function: what is found, and what to do where something is not right. Nothing is started or changed. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { createDatabase, type Database } from '../../core/connections/database.ts';
import { describeDuration } from '../../core/durations.ts';
import { AppError } from '../../core/errors.ts';
import {
  checkDatabase,
  checkRedis,
  type DatabaseTarget,
  type Finding,
  findingOf,
  type RedisTarget,
} from './check-servers.ts';
import { describeControl } from './describe-control.ts';
import { lookAtRedis, readPresence } from './look.ts';

/** Heartbeats are compared across machines and a worker counts as gone after 6 s: beyond this, its age is wrong. */
const maxClockDifferenceMs = 2_000;
const lookMs = 5_000;
/** Younger rows may be on their way into the queue; a look ends in time. */
const lostJobs = { olderThanMs: 30_000, maxRows: 100_000 };
/** The embedded servers' own bound is lower; a disk this full needs a look. */
const fewMegabytes = 1_000;

const nothing = { embedded: false, address: null, facts: {}, warnings: [] as string[], fault: null };

export function examineNode(version: string = process.versions.node): Finding {
  const { engines }: { engines: { node: string } } = JSON.parse(
    readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
  );
  const [neededMajor = 0, neededMinor = 0] = engines.node.replace(/^\D+/, '').split('.').map(Number);
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isNewEnough = major > neededMajor || (major === neededMajor && minor >= neededMinor);
  const about = { ...nothing, part: 'Node.js', facts: { version, needed: engines.node }, words: `version ${version}` };
  if (isNewEnough) return about;
  const error = new AppError(
    'NODE_UNSUITABLE',
    `Node.js is version ${version}, and ${engines.node} is needed. Install a newer one.`,
  );
  return { ...about, fault: { code: error.code, error: error.message, exit: error.exitCode } };
}

/** What the settings say of themselves. @param read what was loaded, or why it was refused */
export function examineSettings(
  read: { readonly origin: Readonly<Record<string, string>>; readonly warnings: readonly string[] } | AppError,
): Finding {
  const about = { ...nothing, part: 'Settings', words: '' };
  if (read instanceof AppError) {
    return { ...about, fault: { code: read.code, error: read.message, exit: read.exitCode } };
  }
  const set = Object.values(read.origin).filter((each) => each !== 'default').length;
  return { ...about, facts: { set }, words: `${set} set, all others at their defaults`, warnings: [...read.warnings] };
}

export interface ServerTargets {
  /** The Redis of the queues first; null: it is embedded and not running. */
  readonly redisUrl: string | null;
  /** That one, and Celery's where they are others. */
  readonly redis: readonly RedisTarget[];
  /** null: it is embedded and not running. */
  readonly postgres: DatabaseTarget | null;
}

/** Redis, PostgreSQL and the workers; an embedded server that does not run is no fault. */
export async function examineServers({ redisUrl, redis, postgres }: ServerTargets): Promise<readonly Finding[]> {
  const stoppedRedis = redisUrl === null ? [stopped('Redis')] : [];
  const looks = [
    ...redis.map(async (target) => withPersistence(await checkRedis(target), target.url)),
    postgres === null ? stopped('PostgreSQL') : examineDatabase(postgres),
    redisUrl === null ? noWorkers : examineWorkers(redisUrl),
    ...(postgres === null ? [] : [examineQueues(postgres.url, redisUrl)]),
  ];
  return [...stoppedRedis, ...(await Promise.all(looks))];
}

function stopped(part: string): Finding {
  return { ...nothing, part, embedded: true, words: 'embedded, not running at the moment; "vambe up" starts it' };
}

async function withPersistence(finding: Finding, url: string): Promise<Finding> {
  if (finding.fault !== null) return finding;
  const found = await findingOf(finding, () =>
    lookAtRedis(url, lookMs, async (redis) => {
      const info = await redis.info('persistence');
      const fact = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1];
      const lastSave = Number(fact('rdb_last_save_time') ?? 0);
      const kind = fact('aof_enabled') === '1' ? 'append-only file' : 'snapshots at most';
      const isFailing = [fact('rdb_last_bgsave_status'), fact('aof_last_write_status')].includes('err');
      const warnings = isFailing
        ? ['It cannot write its data to disk, and may refuse all writes. Look at its disk and at its log.']
        : [];
      return {
        facts: { ...finding.facts, persistence: kind, last_save_at: new Date(lastSave * 1_000).toISOString() },
        words: `${finding.words}, persistence: ${kind}; accepted jobs come back from PostgreSQL`,
        warnings: [...finding.warnings, ...warnings],
      };
    }),
  );
  return found;
}

async function examineDatabase(target: DatabaseTarget): Promise<Finding> {
  const [finding, url] = [await checkDatabase(target), target.url];
  if (finding.fault !== null) return finding;
  const { readServerClockMs } = await import('../../models/queries/server-clock.ts');
  const database = createDatabase({ url, poolSize: 1, applicationName: 'vambe doctor' });
  try {
    return await findingOf(finding, async () => {
      const differenceMs = await clockDifferenceMs(database, readServerClockMs);
      const isFar = Math.abs(differenceMs) > maxClockDifferenceMs;
      const words = `its clock is ${describeDuration(Math.abs(differenceMs))} ${differenceMs < 0 ? 'behind' : 'ahead of'} this machine's`;
      return {
        facts: { ...finding.facts, clock_difference_ms: Math.round(differenceMs) },
        words: `${finding.words}, ${isFar ? words : `clocks agree within ${maxClockDifferenceMs / 1_000} s`}`,
        warnings: [
          ...finding.warnings,
          ...(isFar ? ['The clocks differ: let both machines follow the same time server (NTP).'] : []),
        ],
      };
    });
  } finally {
    database.close().catch(() => undefined);
  }
}

/** What is paused and why, what keeps failing, and what Redis lost; the faults of both servers are told elsewhere. */
async function examineQueues(url: string, redisUrl: string | null): Promise<Finding> {
  const [{ listControls }, { countJobs }] = await Promise.all([
    import('../../models/queries/controls.ts'),
    import('../../models/queries/jobs.ts'),
  ]);
  const database = createDatabase({ url, poolSize: 1, applicationName: 'vambe doctor' });
  try {
    const controls = (await listControls(database)).filter(({ isOver }) => !isOver);
    const { retrying, retrying_by_code: causes } = await countJobs(database);
    const lost = await countLost(database, redisUrl);
    const warnings = [
      ...controls.map(describeControl),
      ...Object.entries(causes).map(
        ([code, jobs]) =>
          `Jobs that failed with ${code} and are tried again: ${jobs}. "vambe jobs --state retrying" lists them.`,
      ),
      ...(lost > 0
        ? [
            `Open jobs that Redis does not hold: ${lost}. A running worker adds them to their queues again within two minutes. Where this comes back, set maxmemory-policy of Redis to noeviction.`,
          ]
        : []),
    ];
    const words = controls.length === 0 ? 'none is paused' : `${controls.length} paused or waiting`;
    return { ...nothing, part: 'Queues', facts: { paused: controls.length, retrying, lost }, words, warnings };
  } catch {
    return { ...nothing, part: 'Queues', words: 'PostgreSQL does not tell' };
  } finally {
    database.close().catch(() => undefined);
  }
}

/** 0 also where Redis does not answer. */
async function countLost(database: Database, redisUrl: string | null): Promise<number> {
  if (redisUrl === null) return 0;
  const [{ countLostJobs }, { createJobLedger }] = await Promise.all([
    import('../../core/queue/lost-jobs.ts'),
    import('../../models/queries/job-ledger.ts'),
  ]);
  const ledger = createJobLedger(database);
  const look = lookAtRedis(redisUrl, lookMs, (redis) => countLostJobs({ redis, ledger }, lostJobs));
  return look.catch(() => 0);
}

/** Positive: the server is ahead. The second question, as the first pays for the connection; the middle of the round trip is meant. */
async function clockDifferenceMs(database: Database, read: (database: Database) => Promise<number>): Promise<number> {
  await read(database);
  const [before, server, after] = [Date.now(), await read(database), Date.now()];
  return server - (before + after) / 2;
}

const noWorkers: Finding = {
  ...nothing,
  part: 'Workers',
  facts: { alive: 0, silent: 0 },
  words: 'none is registered',
  warnings: ['Jobs wait until one runs: "vambe worker" or "vambe up" starts it.'],
};

async function examineWorkers(redisUrl: string): Promise<Finding> {
  return findingOf({ ...nothing, part: 'Workers' }, () =>
    lookAtRedis(redisUrl, lookMs, async (redis) => {
      const { alive, silent } = await readPresence(redis);
      if (alive.length === 0 && silent.length === 0) return noWorkers;
      const names = alive.map(({ worker }) => worker).join(', ');
      return {
        facts: { alive: alive.length, silent: silent.length },
        words: alive.length === 0 ? 'none is alive' : `${alive.length} alive (${names})`,
        warnings: silent.map(
          ({ worker, silentMs }) =>
            `${worker} has been silent for ${describeDuration(silentMs)}: it was killed, is frozen or cut off. Its jobs are taken up by others; look at its log.`,
        ),
      };
    }),
  );
}

export async function examineTaxonomy(
  file: string,
  read: () => Promise<{ readonly version: string; readonly fields: readonly unknown[] }>,
): Promise<Finding> {
  return findingOf({ ...nothing, part: 'Taxonomy' }, async () => {
    const { version, fields } = await read();
    return {
      facts: { version, fields: fields.length },
      words: `version ${version}, ${fields.length} fields, ${file}`,
      warnings: [],
    };
  });
}

export interface DataFolder {
  readonly folder: string;
  /** Whether embedded servers keep data there. */
  readonly isUsed: boolean;
  freeMegabytes(folder: string): number;
  /** @throws AppError DATA_FOLDER_UNUSABLE where less is free */
  checkRoom(folder: string, neededMegabytes: number): void;
  /** Turns an error of the file system into DATA_FOLDER_UNUSABLE. */
  toError(folder: string, error: unknown): AppError;
}

/** The data folder holds what embedded servers keep; with two external servers it is not used. */
export async function examineDisk({ folder, isUsed, ...disk }: DataFolder): Promise<Finding> {
  return findingOf({ ...nothing, part: 'Data folder' }, async () => {
    let existing = folder;
    while (!existsSync(existing) && path.dirname(existing) !== existing) existing = path.dirname(existing);
    try {
      if (isUsed) disk.checkRoom(existing, minMegabytes);
      const free = disk.freeMegabytes(existing);
      const warnings =
        isUsed && free < fewMegabytes
          ? [`Only ${free} MB are left on its disk. Free some, or set VAMBE_DATA_DIR to another disk.`]
          : [];
      const words = `${folder}, ${free} MB free${isUsed ? '' : '; not used, as both servers are real'}`;
      return { facts: { folder, free_megabytes: free }, words, warnings };
    } catch (error) {
      throw disk.toError(folder, error);
    }
  });
}

/** Below this the embedded PostgreSQL is not even made. */
const minMegabytes = 100;

export interface EmbeddedPackage {
  readonly name: string;
  readonly isNeeded: boolean;
  /** @throws AppError EMBEDDED_UNAVAILABLE where it is not installed or does not fit */
  look(): unknown;
}

/** Packages of the embedded servers; a fault only where one is needed that is missing. */
export async function examinePackages(platform: string, packages: readonly EmbeddedPackage[]): Promise<Finding> {
  return findingOf({ ...nothing, part: 'Embedded servers' }, async () => {
    const words = packages.map(({ name, isNeeded, look }) => {
      try {
        look();
        return `${name} is installed`;
      } catch (error) {
        if (isNeeded || !(error instanceof AppError)) throw error;
        return `${name} is not installed, and not needed`;
      }
    });
    return { facts: { platform }, words: words.join(', '), warnings: [] };
  });
}
