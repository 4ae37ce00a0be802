/** `access.json`: the random passwords and the last ports of a data folder's servers, kept across restarts. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { parseObject, readText, writePrivateFile } from './private-file.ts';

export interface Access {
  readonly postgresPassword: string;
  readonly redisPassword: string;
  /** 0: none yet, any free port. */
  readonly postgresPort: number;
  readonly redisPort: number;
}

const accessFile = (dataDir: string) => join(dataDir, 'access.json');

/** Reads the file and generates what is missing (`isNewPassword`: the password must be set in PostgreSQL). */
export function readAccess(dataDir: string): { access: Access; isNewPassword: boolean } {
  const { postgresPassword, redisPassword, postgresPort, redisPort } = parseObject(readText(accessFile(dataDir)));
  const isNewPassword = !isPassword(postgresPassword);
  const access: Access = {
    postgresPassword: isPassword(postgresPassword) ? postgresPassword : drawPassword(),
    redisPassword: isPassword(redisPassword) ? redisPassword : drawPassword(),
    postgresPort: portOf(postgresPort),
    redisPort: portOf(redisPort),
  };
  return { access, isNewPassword };
}

export function writeAccess(dataDir: string, access: Access): void {
  writePrivateFile(accessFile(dataDir), access);
}

// base64url needs no quoting in a URL, in SQL or in a configuration file.
const drawPassword = () => randomBytes(24).toString('base64url');
const isPassword = (value: unknown): value is string => typeof value === 'string' && /^[\w-]{32}$/.test(value);
const portOf = (value: unknown): number =>
  typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 65_536 ? value : 0;
