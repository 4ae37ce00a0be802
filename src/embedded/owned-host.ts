/** The parent's side of the host process: starts it, restarts it when it dies, and stops it by closing its channel. */
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../core/errors.ts';
import { folderError } from './data-folder.ts';
import { forkEntry } from './fork-entry.ts';
import { openLog } from './log-file.ts';
import { type FromHost, failureToError, type HostRequest, isFromHost } from './messages.ts';
import { findRuntime, removeRuntime } from './runtime-file.ts';
import { type Report, restartDelayMs } from './supervise.ts';

export interface OwnedHost {
  readonly postgresUrl: string | null;
  readonly redisUrl: string | null;
  stop(): Promise<void>;
}

type Addresses = Extract<FromHost, { kind: 'ready' }>;

/** The first start creates a database, a start after a crash repairs it, and a full broker loads slowly. */
const startTimeoutMs = 400_000;
const stopTimeoutMs = 8_000;

/** Throws the errors that the host reports: DATA_FOLDER_IN_USE, DATA_FOLDER_UNUSABLE, EMBEDDED_UNAVAILABLE. */
export async function startOwnedHost(request: HostRequest, report: Report): Promise<OwnedHost> {
  const logFile = join(request.dataDir, 'host.log');
  let child = forkHost(request.dataDir, logFile);
  let stopping: Promise<void> | undefined;
  const { postgresUrl, redisUrl } = await waitUntilReady(child, request, report, logFile);
  void keepRunning();
  return {
    postgresUrl,
    redisUrl,
    stop: () => {
      forgetRuntime(request.dataDir, child.pid);
      stopping ??= close(child, report);
      return stopping;
    },
  };

  async function keepRunning(): Promise<void> {
    for (let restarts = 1; ; restarts++) {
      letParentEnd(child);
      const reason = await endOf(child);
      if (stopping) return;
      report('embedded.host_ended', { reason, restarts });
      await sleep(restartDelayMs(restarts), undefined, { ref: false });
      if (stopping) return;
      try {
        child = forkHost(request.dataDir, logFile);
        await waitUntilReady(child, { ...request, keepPorts: true }, report, logFile);
        report('embedded.host_restarted', {});
      } catch (error) {
        if (stopping) return;
        report('embedded.host_start_failed', { reason: error instanceof Error ? error.message : String(error) });
      }
    }
  }
}

function forkHost(dataDir: string, logFile: string): ChildProcess {
  try {
    const log = openLog(logFile);
    const child = forkEntry('host-process', { cwd: dataDir, stdio: ['ignore', log.descriptor, log.descriptor, 'ipc'] });
    log.close();
    return child;
  } catch (error) {
    throw folderError(dataDir, error);
  }
}

function waitUntilReady(
  child: ChildProcess,
  request: HostRequest,
  report: Report,
  logFile: string,
): Promise<Addresses> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(
        new AppError('BUG', `The embedded servers were not ready after ${startTimeoutMs / 1000} s, see ${logFile}.`),
      );
    }, startTimeoutMs);
    void endOf(child).then((reason) => {
      clearTimeout(timer);
      reject(
        new AppError('BUG', `The process of the embedded servers ended while it started (${reason}), see ${logFile}.`),
      );
    });
    child.on('message', (message) => {
      if (!isFromHost(message)) return;
      if (message.kind === 'event') return report(message.name, message.fields);
      clearTimeout(timer);
      if (message.kind === 'ready') resolve(message);
      else reject(failureToError(message));
    });
    child.send({ kind: 'start', request }, () => undefined);
  });
}

/** Lets the parent exit even without a stop: its channel then closes, and the host stops the servers. */
function letParentEnd(child: ChildProcess): void {
  child.unref();
  child.channel?.unref();
}

/** Called before the host is told to stop, so that no other process attaches to servers that are stopping. */
function forgetRuntime(dataDir: string, hostPid: number | undefined): void {
  if (findRuntime(dataDir)?.host.pid === hostPid) removeRuntime(dataDir);
}

/** A host that needs longer (a large last save) finishes on its own. The next start waits for it. */
async function close(child: ChildProcess, report: Report): Promise<void> {
  if (hasEnded(child)) return;
  child.ref();
  const ended = endOf(child);
  if (child.connected) child.disconnect();
  const timeout = new AbortController();
  const isLate = await Promise.race([
    ended.then(() => false),
    sleep(stopTimeoutMs, true, { signal: timeout.signal }).catch(() => false),
  ]);
  timeout.abort();
  if (!isLate) return;
  report('embedded.stop_late', { waitedMs: stopTimeoutMs });
  child.unref();
}

function endOf(child: ChildProcess): Promise<string> {
  if (hasEnded(child)) return Promise.resolve('ended');
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal ? `ended by ${signal}` : `ended with code ${code}`));
  });
}

const hasEnded = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null;
