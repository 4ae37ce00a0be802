/** Owns the servers of one data folder: takes the lock, ends leftovers of a killed host, and starts and stops both servers. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Access, readAccess, writeAccess } from './access-file.ts';
import { folderError, folderUnusable, prepareDataFolder } from './data-folder.ts';
import { takeLock } from './lock.ts';
import { loopback } from './loopback-port.ts';
import type { HostRequest } from './messages.ts';
import { preparePostgres } from './postgres/postgres.ts';
import { clusterFolder, databaseName, databaseUser } from './postgres/postgres-cluster.ts';
import { endPostgres, findPostgresOf } from './postgres/postgres-leftovers.ts';
import { type EndStep, endProcess, isAlive, knowProcess } from './process-identity.ts';
import { findProcessesIn } from './processes-in-folder.ts';
import { type RunningBroker, startBroker } from './redis/broker.ts';
import { systemRedisFolder, systemRedisProgram } from './redis/broker-files.ts';
import { removeRuntime, writeRuntime } from './runtime-file.ts';
import {
  readServerProcesses,
  removeServerProcesses,
  type ServerProcess,
  writeServerProcesses,
} from './server-processes.ts';
import { type Report, type SupervisedServer, supervise } from './supervise.ts';

export interface Host {
  readonly postgresUrl: string | null;
  readonly redisUrl: string | null;
  stop(): Promise<void>;
}

const touchEveryMs = 1_000;
/** A broker whose host was killed saves its data first, so it gets time for that. */
const endOfOldBroker: readonly EndStep[] = [
  [undefined, 5_000],
  ['SIGTERM', 1_000],
  ['SIGKILL', 500],
];

/** Throws DATA_FOLDER_IN_USE (it does not attach), DATA_FOLDER_UNUSABLE, EMBEDDED_UNAVAILABLE. */
export async function openHost(request: HostRequest, report: Report): Promise<Host> {
  const { dataDir } = request;
  prepareDataFolder(dataDir);
  const lock = takeLock(dataDir);
  const touching = setInterval(() => lock.touch(), touchEveryMs);
  const servers = new Servers(request, report);
  const stop = async () => {
    removeRuntime(dataDir); // First, so that no other process attaches to servers that are stopping.
    await servers.stop();
    clearInterval(touching);
    lock.free();
  };
  try {
    removeRuntime(dataDir);
    keepOutOfGit(dataDir);
    await endLeftovers(dataDir);
    const urls = await servers.start();
    writeRuntime(dataDir, { host: knowProcess(process.pid), since: new Date().toISOString(), ...urls });
    return { ...urls, stop };
  } catch (error) {
    await stop();
    throw folderError(dataDir, error);
  }
}

/** The folder holds passwords and transcripts, and is often inside a project's folder. */
function keepOutOfGit(dataDir: string): void {
  const file = join(dataDir, '.gitignore');
  if (!existsSync(file)) writeFileSync(file, '*\n');
}

/** Ends leftover servers, because two servers on the same files would destroy them. Throws DATA_FOLDER_UNUSABLE. */
async function endLeftovers(dataDir: string): Promise<void> {
  const noted = readServerProcesses(dataDir);
  const brokers = [
    ...noted.filter(({ role }) => role === 'broker'),
    ...findProcessesIn(systemRedisFolder(dataDir), systemRedisProgram),
  ];
  const postmasters = [...noted.filter(({ role }) => role === 'postgres'), ...findPostgresOf(clusterFolder(dataDir))];
  await Promise.all([...brokers.map((known) => endProcess(known, endOfOldBroker)), ...postmasters.map(endPostgres)]);
  const survivor = [...brokers, ...postmasters].find(isAlive);
  if (!survivor) return;
  const reason = `process ${survivor.pid}, a server that an earlier run left behind, works on it and cannot be ended`;
  throw folderUnusable(dataDir, reason);
}

/** The one or two servers that were asked for. */
class Servers {
  readonly #request: HostRequest;
  readonly #report: Report;
  readonly #supervised: SupervisedServer[] = [];
  #brokerProcesses: readonly ServerProcess[] = [];
  #postgresProcesses: readonly ServerProcess[] = [];
  #broker: RunningBroker | undefined;

  constructor(request: HostRequest, report: Report) {
    this.#request = request;
    this.#report = report;
  }

  /** When one server fails to start, the other one may run: call `stop` in that case too. */
  async start(): Promise<{ postgresUrl: string | null; redisUrl: string | null }> {
    const { dataDir, postgres, redis } = this.#request;
    const { access, isNewPassword } = readAccess(dataDir);
    const started = await Promise.allSettled([
      postgres ? this.#startPostgres(access, isNewPassword) : undefined,
      redis ? this.#startBroker(access) : undefined,
    ]);
    for (const outcome of started) if (outcome.status === 'rejected') throw outcome.reason;
    const [postgresPort, redisPort] = started.map((outcome) =>
      outcome.status === 'fulfilled' ? outcome.value : undefined,
    );
    writeAccess(dataDir, {
      ...access,
      postgresPort: postgresPort ?? access.postgresPort,
      redisPort: redisPort ?? access.redisPort,
      // A password that is not set in a database yet must be generated again next time.
      postgresPassword: postgres || !isNewPassword ? access.postgresPassword : '',
    });
    return {
      postgresUrl: postgresPort
        ? `postgresql://${databaseUser}:${access.postgresPassword}@${loopback}:${postgresPort}/${databaseName}`
        : null,
      redisUrl: redisPort ? `redis://:${access.redisPassword}@${loopback}:${redisPort}/0` : null,
    };
  }

  async stop(): Promise<void> {
    await Promise.all(this.#supervised.map((server) => server.stop()));
    // Only after a server has started: until then the file may name servers of an earlier host.
    if (this.#supervised.length > 0) removeServerProcesses(this.#request.dataDir);
  }

  async #startPostgres(access: Access, isNewPassword: boolean): Promise<number> {
    const { dataDir, keepPorts } = this.#request;
    const lastPort = access.postgresPort;
    const password = access.postgresPassword;
    const start = await preparePostgres({ dataDir, password, isNewPassword, lastPort });
    const server = await supervise({
      name: 'postgres',
      start: (port) => start(port ?? (keepPorts && lastPort ? lastPort : undefined)),
      report: this.#report,
      onStart: (processes) => {
        this.#postgresProcesses = processes;
        this.#noteProcesses();
      },
    });
    this.#supervised.push(server);
    return server.port;
  }

  async #startBroker(access: Access): Promise<number> {
    const { dataDir, broker, keepPorts } = this.#request;
    const lastPort = access.redisPort;
    const request = { dataDir, broker, password: access.redisPassword, lastPort, report: this.#report };
    const server = await supervise({
      name: 'broker',
      start: async (port) => {
        this.#broker = await startBroker(request, port ?? (keepPorts && lastPort ? lastPort : undefined));
        return this.#broker;
      },
      report: this.#report,
      onStart: (processes) => {
        this.#brokerProcesses = processes;
        this.#noteProcesses();
      },
    });
    this.#supervised.push(server);
    return server.port;
  }

  /** Writes them to the file for the next host, and tells the broker which process to stop if this host is killed. */
  #noteProcesses(): void {
    try {
      writeServerProcesses(this.#request.dataDir, [...this.#brokerProcesses, ...this.#postgresProcesses]);
    } catch (error) {
      // The servers run. If the disk is full or the folder is gone, they report that themselves.
      this.#report('embedded.note_failed', { reason: error instanceof Error ? error.message : String(error) });
    }
    for (const postmaster of this.#postgresProcesses) this.#broker?.guard(postmaster);
  }
}
