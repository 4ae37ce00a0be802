/** `runtime.json`: where the servers of a data folder listen while they run. Its mode is 0600, because it holds their passwords. */
import { join } from 'node:path';
import { folderUnusable } from './data-folder.ts';
import { parseObject, parseProcess, readText, removeFile, whyNotTrusted, writePrivateFile } from './private-file.ts';
import { isAlive, type KnownProcess } from './process-identity.ts';

export interface Runtime {
  /** The process that owns the servers. */
  readonly host: KnownProcess;
  /** ISO time. */
  readonly since: string;
  readonly postgresUrl: string | null;
  readonly redisUrl: string | null;
}

const runtimeFile = (dataDir: string) => join(dataDir, 'runtime.json');

/**
 * The servers that run on this folder now; undefined when their owner is gone. Another user could name servers of their own there, and
 * would get our data. @throws AppError DATA_FOLDER_UNUSABLE
 */
export function findRuntime(dataDir: string): Runtime | undefined {
  const fault = whyNotTrusted(runtimeFile(dataDir));
  if (fault !== undefined) throw folderUnusable(dataDir, `its runtime.json cannot be trusted, because ${fault}`);
  const runtime = parseRuntime(readText(runtimeFile(dataDir)));
  return runtime && isAlive(runtime.host) ? runtime : undefined;
}

export function writeRuntime(dataDir: string, runtime: Runtime): void {
  writePrivateFile(runtimeFile(dataDir), runtime);
}

export function removeRuntime(dataDir: string): void {
  removeFile(runtimeFile(dataDir));
}

function parseRuntime(text: string | undefined): Runtime | undefined {
  const value = parseObject(text);
  const host = parseProcess(value.host);
  if (!host) return undefined;
  const { since, postgresUrl, redisUrl } = value;
  return {
    host,
    since: typeof since === 'string' ? since : 'an unknown time',
    postgresUrl: typeof postgresUrl === 'string' ? postgresUrl : null,
    redisUrl: typeof redisUrl === 'string' ? redisUrl : null,
  };
}
