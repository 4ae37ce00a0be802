/** `vambe migrate`: brings the database up to this version. */
import type { Command } from 'commander';
import type { MigrationDocument } from '../../contract/settings.ts';
import type { Log } from '../../core/log/logger.ts';
import type { MigratedDatabase } from '../../services/upkeep/migrate-database.ts';
import type { Cli } from '../kit/cli.ts';
import { counted } from '../kit/counted.ts';
import { oneOf, withExample } from '../kit/help.ts';
import type { ServerUrls } from '../kit/servers.ts';

/** As for every command but `worker` and `up`. */
const patienceMs = 10_000;

const forms = ['blank', 'null'] as const;

interface MigrateFlags {
  readonly createApiTables?: boolean;
  readonly labelsWithoutValue?: (typeof forms)[number];
}

export function register(program: Command, cli: Cli): void {
  const command = program
    .command('migrate')
    .description("bring the database up to this version; the API's own tables stay as they are")
    .option('--create-api-tables', "also make the API's tables, for a database without the API")
    .option(
      '--labels-without-value <form>',
      'also bring the rows that are there to this form, blank or null (LABELS_WITHOUT_VALUE is for rows to come)',
      oneOf(forms),
    )
    .action((flags: MigrateFlags) => runMigrate(cli, flags));
  withExample(command, 'vambe migrate', 'vambe migrate --labels-without-value blank');
}

async function runMigrate(cli: Cli, flags: MigrateFlags): Promise<void> {
  const { config } = cli.config();
  const [{ createDatabase }, { bringUpToDate }, { commandLog, openServers }] = await Promise.all([
    import('../../core/connections/database.ts'),
    import('../../services/upkeep/migrate-database.ts'),
    import('../kit/servers.ts'),
  ]);
  const log = await commandLog(cli);
  const servers = await openServers(config, log);
  try {
    const { postgresUrl: url, embedded } = servers;
    await waitForServer(cli, servers, log);
    const database = createDatabase({ url, poolSize: 2, applicationName: 'vambe migrate' });
    try {
      const createsApiTables = embedded.postgres || flags.createApiTables === true;
      const { labelsWithoutValue } = flags;
      const migrated = await bringUpToDate(database, { createsApiTables, labelsWithoutValue, signal: cli.signal });
      print(cli, migrated, embedded.postgres);
    } finally {
      await database.close();
    }
  } finally {
    await servers.stop();
  }
}

async function waitForServer(cli: Cli, { postgresUrl }: ServerUrls, log: Log): Promise<void> {
  const [{ AppError }, { preflight }] = await Promise.all([
    import('../../core/errors.ts'),
    import('../../preflight.ts'),
  ]);
  const wait = { postgresUrl, redisUrls: [], patienceMs, migrates: false, log, signal: cli.signal };
  await preflight(wait).catch((error: unknown) => {
    // A schema that is out of date is what this command is for.
    if (!(error instanceof AppError && /^(SCHEMA_|API_TABLES_MISSING)/.test(error.code))) throw error;
  });
}

function print(cli: Cli, migrated: MigratedDatabase, isEmbedded: boolean): void {
  const { from, to, createdTables, missing, rewritten } = migrated;
  if (cli.json) {
    cli.document(toMigrationDocument(migrated, isEmbedded));
    return;
  }
  const where = isEmbedded ? 'The embedded database' : 'The database';
  if (from === to) cli.out(`${where} is already up to date: schema version ${to}.`);
  else cli.out(`${where} was brought from schema version ${from} to ${to}.`);
  if (createdTables.length > 0) cli.out(cli.prose(`The API's tables were made: ${createdTables.join(', ')}.`));
  if (missing !== null) cli.out(cli.prose(`${missing}; workers wait for them.`));
  if (rewritten !== null)
    cli.out(`Labels without a value are ${rewritten.form}: ${counted(rewritten.rows, 'row')} changed.`);
}

function toMigrationDocument(migrated: MigratedDatabase, embedded: boolean): MigrationDocument {
  const { from, to, createdTables, missingTables, rewritten } = migrated;
  const tables = { created_tables: createdTables, missing_tables: missingTables };
  const rows = rewritten === null ? {} : { labels_without_value: rewritten.form, changed_rows: rewritten.rows };
  return { success: true, from, to, migrated: from !== to, embedded, ...tables, ...rows };
}
