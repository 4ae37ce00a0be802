/** Runs a command on the database alone: opened, tested and, where it is embedded, migrated; closed afterwards. */
import { preparedStatements } from '../../config/derived.ts';
import type { Database } from '../../core/connections/database.ts';
import type { EmptyLabel } from '../../models/classification-columns.ts';
import type { SchemaFacts } from '../../models/schema-check.ts';
import type { Cli } from './cli.ts';
import { commandLog, openServers, type ServerUrls } from './servers.ts';

/** The same for each command except `worker` and `up`. */
const patienceMs = 10_000;

export interface DatabaseContext {
  readonly servers: ServerUrls;
  readonly schema: SchemaFacts;
  /** What the columns hold for a label without a value. */
  readonly emptyLabel: EmptyLabel;
}

/** @throws AppError as preflight */
export async function withDatabase<T>(
  cli: Cli,
  use: (database: Database, context: DatabaseContext) => Promise<T>,
): Promise<T> {
  const { config } = cli.config();
  const log = await commandLog(cli);
  const [{ preflight }, { createDatabase }, { emptyLabelFor }] = await Promise.all([
    import('../../preflight.ts'),
    import('../../core/connections/database.ts'),
    import('../../models/api-tables.ts'),
  ]);
  const servers = await openServers(config, log);
  try {
    const { postgresUrl, embedded } = servers;
    const prepared = preparedStatements(config);
    const database = createDatabase({ url: postgresUrl, poolSize: 2, prepared, applicationName: 'vambe' });
    try {
      const { schema } = await preflight({
        postgresUrl,
        database,
        redisUrls: [],
        patienceMs,
        migrates: embedded.postgres,
        createsApiTables: embedded.postgres,
        log,
        signal: cli.signal,
      });
      return await use(database, { servers, schema, emptyLabel: emptyLabelFor(config.labelsWithoutValue, schema) });
    } finally {
      await database.close();
    }
  } finally {
    await servers.stop();
  }
}
