/** Installed servers that a test may end and start again; gone after the test. */
import { onTestFinished } from 'vitest';
import { openPostgres, openRedis, type Restartable } from './restartable-servers.ts';

export type { Restartable } from './restartable-servers.ts';

const untilTestEnds = (server: Restartable): Restartable => {
  onTestFinished(() => server.close());
  return server;
};

export const startRestartablePostgres = async (folder: string) => untilTestEnds(await openPostgres(folder));
export const startRestartableRedis = async (folder: string) => untilTestEnds(await openRedis(folder));
