/** One look of `vambe doctor` a function: what is found, and what to do where something is not right. Nothing is started or changed. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describeControl } from '../../cli/describe-control.ts';
import type { ServerUrls } from '../../cli/kit/servers.ts';
import { describeDuration } from '../../cli/kit/times.ts';
import { postgresUrl, redisUrl } from '../../config/derived.ts';
import type { LoadedConfig } from '../../config/load.ts';
import type { Config } from '../../config/schema.ts';
import { createDatabase, type Database } from '../../core/database.ts';
import { AppError } from '../../core/errors.ts';
import { checkDatabase, checkRedis, type Finding, findingOf, redisTargets } from './check-servers.ts';
import { type LocatedServers, lookAtRedis, readPresence } from './look.ts';

/** Heartbeats are compared across machines and a worker counts as gone after 6 s: beyond this, clocks tell lies. */
const mostClockDifferenceMs = 2_000;
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

/** null settings: they are wrong, as the finding says, and what depends on them is left out. */
export function examineSettings(load: () => LoadedConfig): { finding: Finding; loaded: LoadedConfig | null } {
  const about = { ...nothing, part: 'Settings', words: '' };
  try {
    const loaded = load();
    const set = Object.values(loaded.origin).filter((each) => each !== 'default').length;
    const warnings = [...loaded.warnings];
    return {
      finding: { ...about, facts: { set }, words: `${set} set, all others at their defaults`, warnings },
      loaded,
    };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const fault = { code: error.code, error: error.message, exit: error.exitCode };
    return { finding: { ...about, fault }, loaded: null };
  }
}

/** Redis, PostgreSQL and the workers; an embedded server that nobody runs is no fault. */
export async function examineServers(config: Config, servers: LocatedServers): Promise<readonly Finding[]> {
  const { embedded } = servers;
  const urls: ServerUrls = {
    redisUrl: servers.redisUrl ?? '',
    postgresUrl: servers.postgresUrl ?? '',
    embedded: { ...embedded, attached: true },
    stop: async () => undefined,
  };
  const targets = redisTargets(config, urls).filter(({ url }) => url !== '');
  const redis = targets.map(async (target) => withPersistence(await checkRedis(target), target.url));
  const stoppedRedis = servers.redisUrl === null ? [stopped('Redis')] : [];
  const postgres = servers.postgresUrl === null ? stopped('PostgreSQL') : examineDatabase(urls, config);
  const workers = servers.redisUrl === null ? noWorkers : examineWorkers(servers.redisUrl);
  const queues = servers.postgresUrl === null ? [] : [examineQueues(urls)];
  return [...stoppedRedis, ...(await Promise.all([...redis, postgres, workers, ...queues]))];
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

async function examineDatabase(urls: ServerUrls, config: Config): Promise<Finding> {
  const [finding, url] = [await checkDatabase(urls, config), urls.postgresUrl];
  if (finding.fault !== null) return finding;
  const { readServerClockMs } = await import('../../models/queries/server-clock.ts');
  const database = createDatabase({ url, poolSize: 1, prepared: false, applicationName: 'vambe doctor' });
  try {
    return await findingOf(finding, async () => {
      const differenceMs = await clockDifferenceMs(database, readServerClockMs);
      const isFar = Math.abs(differenceMs) > mostClockDifferenceMs;
      const words = `its clock is ${describeDuration(Math.abs(differenceMs))} ${differenceMs < 0 ? 'behind' : 'ahead of'} this machine's`;
      return {
        facts: { ...finding.facts, clock_difference_ms: Math.round(differenceMs) },
        words: `${finding.words}, ${isFar ? words : `clocks agree within ${mostClockDifferenceMs / 1_000} s`}`,
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
async function examineQueues({ postgresUrl: url, redisUrl }: ServerUrls): Promise<Finding> {
  const [{ listControls }, { countJobs }] = await Promise.all([
    import('../../models/queries/controls.ts'),
    import('../../models/queries/jobs.ts'),
  ]);
  const database = createDatabase({ url, poolSize: 1, prepared: false, applicationName: 'vambe doctor' });
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
async function countLost(database: Database, redisUrl: string): Promise<number> {
  if (redisUrl === '') return 0;
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

export async function examineTaxonomy(config: Config): Promise<Finding> {
  return findingOf({ ...nothing, part: 'Taxonomy' }, async () => {
    const { readTaxonomy } = await import('../../app.ts');
    const { version, fields } = await readTaxonomy(config);
    const file = config.taxonomyFile ?? 'the one that comes along';
    return {
      facts: { version, fields: fields.length },
      words: `version ${version}, ${fields.length} fields, ${file}`,
      warnings: [],
    };
  });
}

/** The data folder holds what embedded servers keep; with two real servers it is not used. */
export async function examineDisk(config: Config): Promise<Finding> {
  const folder = path.resolve(config.dataDir);
  const isUsed = usesEmbedded(config);
  return findingOf({ ...nothing, part: 'Data folder' }, async () => {
    const { checkRoom, folderError, freeMegabytes } = await import('../../embedded/data-folder.ts');
    let existing = folder;
    while (!existsSync(existing) && path.dirname(existing) !== existing) existing = path.dirname(existing);
    try {
      if (isUsed) checkRoom(existing, leastMegabytes);
      const free = freeMegabytes(existing);
      const warnings =
        isUsed && free < fewMegabytes
          ? [`Only ${free} MB are left on its disk. Free some, or set VAMBE_DATA_DIR to another disk.`]
          : [];
      const words = `${folder}, ${free} MB free${isUsed ? '' : '; not used, as both servers are real'}`;
      return { facts: { folder, free_megabytes: free }, words, warnings };
    } catch (error) {
      throw folderError(folder, error);
    }
  });
}

/** Below this the embedded PostgreSQL is not even made. */
const leastMegabytes = 100;

/** Packages of the embedded servers; a fault only where one is needed that is not there. */
export async function examinePackages(config: Config): Promise<Finding> {
  const [{ findPostgresHome, thisMachine }, { findValkeyWasm }] = await Promise.all([
    import('../../embedded/postgres-binaries.ts'),
    import('../../embedded/valkey-wasm-file.ts'),
  ]);
  const machine = thisMachine();
  const hasExceptions = typeof Reflect.get(globalThis, 'WebAssembly')?.Tag === 'function';
  const resolve = (name: string) => import.meta.resolve(name);
  const looks = [
    { name: 'PostgreSQL', isNeeded: postgresUrl(config) === null, look: () => findPostgresHome(machine) },
    {
      name: 'Valkey',
      isNeeded: redisUrl(config) === null && config.broker === 'wasm',
      look: () => findValkeyWasm({ resolve, hasExceptions }),
    },
  ];
  return findingOf({ ...nothing, part: 'Embedded servers' }, async () => {
    const words = looks.map(({ name, isNeeded, look }) => {
      try {
        look();
        return `${name} is installed`;
      } catch (error) {
        if (isNeeded || !(error instanceof AppError)) throw error;
        return `${name} is not installed, and not needed`;
      }
    });
    return { facts: { platform: `${machine.platform} ${machine.arch}` }, words: words.join(', '), warnings: [] };
  });
}

function usesEmbedded(config: Config): boolean {
  return postgresUrl(config) === null || redisUrl(config) === null;
}
