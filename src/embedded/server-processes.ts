/**
 * `servers.json`: the processes of a data folder's servers, for the host that starts after another one was killed.
 * Not part of the lock file, because the lock may change its holder twice before it is read.
 */
import { join } from 'node:path';
import { placeOfPids } from './lock.ts';
import {
  isObject,
  type JsonObject,
  parseObject,
  parseProcess,
  readText,
  removeFile,
  writePrivateFile,
} from './private-file.ts';
import type { KnownProcess } from './process-identity.ts';

export interface ServerProcess extends KnownProcess {
  readonly role: 'broker' | 'postgres';
}

const serversFile = (dataDir: string) => join(dataDir, 'servers.json');

/** Only the lock's holder may call this and the other functions of this file. */
export function writeServerProcesses(dataDir: string, servers: readonly ServerProcess[]): void {
  writePrivateFile(serversFile(dataDir), { place: placeOfPids(), servers });
}

/** The processes that an earlier host noted; none when its pids come from an earlier boot or another machine. */
export function readServerProcesses(dataDir: string): ServerProcess[] {
  const { place, servers } = parseObject(readText(serversFile(dataDir)));
  if (place !== placeOfPids() || !Array.isArray(servers)) return [];
  return servers.filter(isObject).flatMap(parseServer);
}

export function removeServerProcesses(dataDir: string): void {
  removeFile(serversFile(dataDir));
}

function parseServer(value: JsonObject): ServerProcess[] {
  const known = parseProcess(value);
  const { role } = value;
  return known && (role === 'broker' || role === 'postgres') ? [{ ...known, role }] : [];
}
