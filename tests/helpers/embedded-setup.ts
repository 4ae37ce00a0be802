/** Starts one embedded pair of servers for the whole test run, in a folder that is removed after it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {} from 'vitest'; // Without it there is no module to add to.
import type { TestProject } from 'vitest/node';
import { startEmbedded } from '../../src/embedded/embedded.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** A database to clone from or to work in; its user may create others. */
    postgresUrl: string;
    redisUrl: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dataDir = await mkdtemp(join(tmpdir(), 'vambe-test-'));
  const servers = await startEmbedded({ dataDir, postgres: true, redis: true, broker: 'wasm' });
  const { postgresUrl, redisUrl } = servers;
  if (!postgresUrl || !redisUrl) throw new Error('The embedded servers gave no address.');
  project.provide('postgresUrl', postgresUrl);
  project.provide('redisUrl', redisUrl);
  return async () => {
    await servers.stop();
    await rm(dataDir, { recursive: true, force: true });
  };
}
