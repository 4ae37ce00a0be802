/** `vambe migrate`: brings the database up to this version. */
import type { Command } from 'commander';
import type { Log } from '../../core/logger.ts';
import type { MigrationReport } from '../../models/schema-check.ts';
import type { Cli } from '../kit/cli.ts';
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
  const [{ createDatabase }, { checkSchema, migrateDatabase }, { commandLog, openServers }] = await Promise.all([
    import('../../core/database.ts'),
    import('../../models/schema-check.ts'),
    import('../kit/servers.ts'),
  ]);
  const log = await commandLog(cli);
  const servers = await openServers(config, log);
  try {
    const { postgresUrl: url, embedded } = servers;
    await waitForServer(cli, servers, log);
    const database = createDatabase({ url, poolSize: 2, prepared: false, applicationName: 'vambe migrate' });
    try {
      const createsApiTables = embedded.postgres || flags.createApiTables === true;
      const report = await migrateDatabase(database, { createsApiTables });
      const form = flags.labelsWithoutValue;
      // Without the API's tables, what is asked of their rows is refused.
      if (report.missingTables.length === 0 || form !== undefined) await checkSchema(database);
      const rewritten = form === undefined ? null : { form, rows: await rewriteRows(cli, database, form) };
      await tell(cli, { report, isEmbedded: embedded.postgres, rewritten });
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
    // What is wrong with the schema is what this command is for.
    if (!(error instanceof AppError && /^(SCHEMA_|API_TABLES_MISSING)/.test(error.code))) throw error;
  });
}

async function rewriteRows(
  cli: Cli,
  database: import('../../core/database.ts').Database,
  form: (typeof forms)[number],
): Promise<number> {
  const { rewriteEmptyLabels } = await import('../../models/queries/label-form.ts');
  return rewriteEmptyLabels(database, { emptyLabel: form === 'blank' ? '' : null, signal: cli.signal });
}

interface Told {
  readonly report: MigrationReport;
  readonly isEmbedded: boolean;
  readonly rewritten: { readonly form: string; readonly rows: number } | null;
}

async function tell(cli: Cli, { report, isEmbedded, rewritten }: Told): Promise<void> {
  const { from, to, createdTables, missingTables } = report;
  if (cli.json) {
    const tables = { created_tables: createdTables, missing_tables: missingTables };
    const rows = rewritten === null ? {} : { labels_without_value: rewritten.form, changed_rows: rewritten.rows };
    cli.document({ success: true, from, to, migrated: from !== to, embedded: isEmbedded, ...tables, ...rows });
    return;
  }
  const [{ describeMissing }, { counted }] = await Promise.all([
    import('../../models/schema-check.ts'),
    import('../kit/counted.ts'),
  ]);
  const where = isEmbedded ? 'The embedded database' : 'The database';
  if (from === to) cli.out(`${where} is already up to date: schema version ${to}.`);
  else cli.out(`${where} was brought from schema version ${from} to ${to}.`);
  if (createdTables.length > 0) cli.out(`The API's tables were made: ${createdTables.join(', ')}.`);
  if (missingTables.length > 0) cli.out(`${describeMissing(missingTables)}; workers wait for them.`);
  if (rewritten !== null)
    cli.out(`Labels without a value are ${rewritten.form}: ${counted(rewritten.rows, 'row')} changed.`);
}
