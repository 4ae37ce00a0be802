/** Where the brokers keep their files. */
import { join } from 'node:path';

export const valkeyFolder = (dataDir: string) => join(dataDir, 'redis');

/** Separate from the folder of the WebAssembly broker, because neither version can read the other's files. */
export const systemRedisFolder = (dataDir: string) => join(dataDir, 'redis-system');

/** How /proc names an installed server; Debian's redis-server is a link to redis-check-rdb. */
export const systemRedisProgram = /\/(redis|valkey)-[^/]*$/;

export const brokerLog = (dataDir: string) => join(dataDir, 'redis.log');
