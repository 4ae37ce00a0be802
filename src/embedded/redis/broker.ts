/** Starts the broker's process and exchanges messages with it. A file that the broker cannot read is moved aside. */
import type { ChildProcess } from 'node:child_process';
import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { folderUnusable } from '../data-folder.ts';
import { forkEntry } from '../fork-entry.ts';
import { type Failure, type FromBroker, failureToError, isFromBroker, type ToBroker } from '../messages.ts';
import { endProcess, type KnownProcess, knowProcess, waitForEnd } from '../process-identity.ts';
import type { ServerProcess } from '../server-processes.ts';
import type { Report, RunningServer } from '../supervise.ts';
import type { BrokerKind } from './broker-engine.ts';
import { brokerLog, systemRedisFolder, valkeyFolder } from './broker-files.ts';

export interface BrokerRequest {
  readonly dataDir: string;
  readonly broker: BrokerKind;
  readonly password: string;
  /** The port to take at the first start if it is free; 0: none. */
  readonly lastPort: number;
  readonly report: Report;
}

export interface RunningBroker extends RunningServer {
  /** Has the broker stop this postmaster if the host is killed. */
  guard(postgres: KnownProcess): void;
}

/** Loading a full broker (512 MB) takes up to a minute (41 s measured on two cores). */
const startTimeoutMs = 300_000;
const stopTimeoutMs = 4_000;
/** Saving a full broker (512 MB) takes several seconds. It answers nothing else meanwhile. */
const saveTimeoutMs = 60_000;

type StartOutcome =
  | { readonly broker: RunningBroker }
  /** `isTold` false: the process ended without sending a reason; it may have been killed. */
  | { readonly failure: Failure; readonly isPortTaken: boolean; readonly isTold: boolean };

/** Starts the broker on the port. Throws EMBEDDED_UNAVAILABLE, DATA_FOLDER_UNUSABLE. */
export async function startBroker(request: BrokerRequest, port: number | undefined): Promise<RunningBroker> {
  const wanted = port ?? request.lastPort;
  const atFirst = await tryStart(request, wanted);
  const first = 'broker' in atFirst || atFirst.isTold ? atFirst : await tryStart(request, wanted);
  if ('broker' in first) return first.broker;
  // Another program uses the last port. Take any other port, unless clients already know this one.
  if (first.isPortTaken && port === undefined) return startedOrFailed(request, await tryStart(request, 0));
  if (first.isPortTaken || first.failure.code !== undefined) return startedOrFailed(request, first);
  return startWithoutFiles(request, wanted);
}

/** If the start also fails without the files, they were not the reason and are put back. */
async function startWithoutFiles(request: BrokerRequest, port: number): Promise<RunningBroker> {
  const files = filesOf(request);
  const aside = `${files}.bad-${Date.now()}`;
  const hasFiles = existsSync(files);
  if (hasFiles) renameSync(files, aside);
  const second = await tryStart(request, port);
  if ('broker' in second && hasFiles) {
    request.report('broker.files_set_aside', {
      file: aside,
      reason: `the broker could not read it, see ${brokerLog(request.dataDir)}`,
      effect: 'the broker is empty; open jobs come back from the database',
    });
  }
  if (!('broker' in second) && hasFiles) renameSync(aside, files);
  return startedOrFailed(request, second);
}

function filesOf({ broker, dataDir }: BrokerRequest): string {
  return broker === 'wasm' ? join(valkeyFolder(dataDir), 'dump.rdb') : systemRedisFolder(dataDir);
}

function startedOrFailed({ dataDir }: BrokerRequest, outcome: StartOutcome): RunningBroker {
  if ('broker' in outcome) return outcome.broker;
  if (outcome.failure.code !== undefined) throw failureToError(outcome.failure);
  const reason = `the embedded broker did not start (${outcome.failure.message}). Its log is ${brokerLog(dataDir)}`;
  throw folderUnusable(dataDir, reason);
}

async function tryStart({ dataDir, broker, password, report }: BrokerRequest, port: number): Promise<StartOutcome> {
  const child = forkEntry('redis/broker-process', { cwd: dataDir, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const running = new BrokerChild(child, report);
  running.send({ kind: 'start', broker, engine: { dataDir, port, password } });
  const outcome = await running.waitForStart();
  if (!('broker' in outcome)) child.kill('SIGKILL');
  return outcome;
}

/** The host's end of the channel to the broker's process. */
class BrokerChild implements RunningBroker {
  readonly ended: Promise<string>;
  port = 0;
  processes: readonly ServerProcess[] = [];
  readonly #child: ChildProcess;
  readonly #report: Report;
  #savingSince: number | undefined;
  #onPong: () => void = () => undefined;
  #onStart: (outcome: StartOutcome) => void = () => undefined;

  constructor(child: ChildProcess, report: Report) {
    this.#child = child;
    this.#report = report;
    this.ended = new Promise((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('exit', (code, signal) => resolve(signal ? `ended by ${signal}` : `ended with code ${code}`));
    });
    child.on('message', (message) => {
      if (isFromBroker(message)) this.#hear(message);
    });
  }

  waitForStart(): Promise<StartOutcome> {
    return new Promise((resolve) => {
      const fail = (message: string) =>
        resolve({ failure: { kind: 'failed', code: undefined, message }, isPortTaken: false, isTold: false });
      const timer = setTimeout(() => fail(`not ready after ${startTimeoutMs / 1000} s`), startTimeoutMs);
      this.#onStart = (outcome) => {
        clearTimeout(timer);
        resolve(outcome);
      };
      void this.ended.then((reason) => {
        clearTimeout(timer);
        fail(reason);
      });
    });
  }

  send(message: ToBroker): void {
    // Where the channel is closed, `ended` reports that the process is gone.
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }

  guard(postgres: KnownProcess): void {
    this.send({ kind: 'guard', postgres });
  }

  ping(): Promise<void> {
    if (this.#isSaving()) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onPong = resolve;
      this.send({ kind: 'ping' });
    });
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  async stop(): Promise<void> {
    this.send({ kind: 'stop' });
    const known = knowProcess(this.#child.pid ?? 0);
    if (await waitForEnd(known, stopTimeoutMs)) return;
    if (this.#isSaving() && (await waitForEnd(known, saveTimeoutMs))) return;
    this.kill();
    await Promise.all(this.processes.map((each) => endProcess(each, [['SIGKILL', 500]])));
  }

  #isSaving(): boolean {
    return this.#savingSince !== undefined && performance.now() - this.#savingSince < saveTimeoutMs;
  }

  #hear(message: FromBroker): void {
    switch (message.kind) {
      case 'pong':
        this.#onPong();
        break;
      case 'saving':
        this.#savingSince = message.isSaving ? performance.now() : undefined;
        break;
      case 'event':
        this.#report(message.name, message.fields);
        break;
      case 'failed':
        this.#onStart({ failure: message, isPortTaken: message.isPortTaken, isTold: true });
        break;
      case 'ready':
        this.port = message.port;
        this.processes = [{ ...knowProcess(this.#child.pid ?? 0), role: 'broker' }, ...message.processes];
        this.#onStart({ broker: this });
        break;
    }
  }
}
