/** `vambe migrate`: brings the database up to this version. */
import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { withExample } from '../help.ts';

/** As for every command but `worker` and `up`. */
const patienceMs = 10_000;

export function register(program: Command, cli: Cli): void {
  const command = program
    .command('migrate')
    .description("bring the database up to this version; the API's own tables stay as they are")
    .action(() => runMigrate(cli));
  withExample(command, 'vambe migrate');
}

async function runMigrate(cli: Cli): Promise<void> {
  const { config } = cli.config();
  const [
    { AppError },
    { createDatabase },
    { checkSchema, migrateDatabase },
    { preflight },
    { commandLog, openServers },
  ] = await Promise.all([
    import('../../core/errors.ts'),
    import('../../core/database.ts'),
    import('../../models/schema-check.ts'),
    import('../../preflight.ts'),
    import('../servers.ts'),
  ]);
  const log = await commandLog(cli);
  const servers = await openServers(config, log);
  try {
    const { postgresUrl, embedded } = servers;
    const waitForServer = { postgresUrl, redisUrls: [], patienceMs, migrates: false, log, signal: cli.signal };
    await preflight(waitForServer).catch((error: unknown) => {
      // What is wrong with the schema is what this command is for.
      if (!(error instanceof AppError && error.code.startsWith('SCHEMA_'))) throw error;
    });
    const database = createDatabase({
      url: postgresUrl,
      poolSize: 2,
      prepared: false,
      applicationName: 'vambe migrate',
    });
    try {
      const { from, to } = await migrateDatabase(database);
      await checkSchema(database);
      tell(cli, { from, to, isEmbedded: embedded.postgres });
    } finally {
      await database.close();
    }
  } finally {
    await servers.stop();
  }
}

function tell(cli: Cli, { from, to, isEmbedded }: { from: number; to: number; isEmbedded: boolean }): void {
  const where = isEmbedded ? 'The embedded database' : 'The database';
  if (cli.json) cli.document({ success: true, from, to, migrated: from !== to, embedded: isEmbedded });
  else if (from === to) cli.out(`${where} is already up to date: schema version ${to}.`);
  else cli.out(`${where} was brought from schema version ${from} to ${to}.`);
}
