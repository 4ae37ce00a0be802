/**
 * `servers.json`: the processes that belong to the servers of a data folder, for the host that follows a killed one.
 * Not in the lock file: that one may change hands twice before anybody reads it.
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

/** To be called by the lock's holder alone, as all of this file. */
export function writeServerProcesses(dataDir: string, servers: readonly ServerProcess[]): void {
  writePrivateFile(serversFile(dataDir), { place: placeOfPids(), servers });
}

/** What an earlier host noted and did not remove; nothing when its pids are not of this machine's present run. */
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
