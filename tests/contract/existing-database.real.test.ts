import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describeExistingDatabase } from './existing-database.suite.ts';

/** pg_dump of the schema that the API owns; newer ones write a random word on `\restrict` lines. */
async function dump(postgresUrl: string): Promise<string> {
  const { stdout } = await promisify(execFile)('pg_dump', [
    '--schema-only',
    '--schema=public',
    '--dbname',
    postgresUrl,
  ]);
  return stdout.replace(/^\\(un)?restrict .*$/gm, '');
}

describeExistingDatabase('installed servers', { dump });
