/** `vambe shadow`: what a Python worker saves, beside what ours would. */
import type { Command } from 'commander';
import type { Config } from '../../config/schema.ts';
import type { ShadowReport } from '../../services/evaluation/shadow.ts';
import type { ShadowDeps } from '../../services/evaluation/watch-saved-rows.ts';
import type { Cli } from '../kit/cli.ts';
import { futureMoment, pastMoment, wholeNumber, withExample } from '../kit/help.ts';

interface ShadowFlags {
  readonly for?: string;
  readonly since?: string;
  readonly limit?: number;
  readonly examples: number;
  readonly html?: string;
  readonly yes?: boolean;
}

export function register(program: Command, cli: Cli): void {
  const command = program
    .command('shadow')
    .description('compare what a Python worker saves with what this one would; only reads rows, writes nothing')
    .option('--for <time>', 'end after that, such as 10m; unset: Ctrl-C ends it', futureMoment)
    .option('--since <time>', 'also rows saved since then (2h, 2026-11-01); without --for, only those', pastMoment)
    .option('--limit <rows>', 'end after so many rows', wholeNumber({ min: 1, max: 10_000_000 }))
    .option('--examples <rows>', 'differences to show for each field', wholeNumber({ min: 0, max: 1_000 }), 3)
    .option('--html <file>', 'also write a page with a chart: one file, no network')
    .option('-y, --yes', 'ask the model even though it costs money; no reply is kept')
    .addHelpText(
      'after',
      `
Needs DATABASE_URL or POSTGRES_*, and no Redis: no message is touched. The
session is read-only. Exit code 3: no row was compared; 4: this worker had no
answer for some. Differences are no fault.`,
    )
    .action((flags: ShadowFlags) => runShadow(cli, flags));
  withExample(command, 'vambe shadow --for 10m --html shadow.html', 'vambe shadow --since 1d --limit 500 --json');
}

const reportEveryMs = 30_000;

/** @throws AppError USAGE without a database or where a model would be paid unasked, TAXONOMY_INVALID, SCHEMA_DIFFERS, DATABASE_* */
async function runShadow(cli: Cli, { html, yes, ...flags }: ShadowFlags): Promise<void> {
  const [
    { chooseClassifier, readTaxonomy },
    { refuseUnaskedCost },
    { toShadowDocument },
    { describeShadow },
    pageFile,
    { writeShadowPage },
  ] = await Promise.all([
    import('../../wire-services.ts'),
    import('../../services/evaluation/run-figures.ts'),
    import('../../contract/shadow.ts'),
    import('../print/shadow.ts'),
    import('../page-file.ts'),
    import('../../services/evaluation/shadow-page.ts'),
  ]);
  const { describePageFile, requirePageFile, writePageFile } = pageFile;
  const { config } = cli.config();
  const url = await requireDatabaseUrl(config);
  const taxonomy = await readTaxonomy(config);
  // Without a memory the classifier keeps no reply, so that nothing is written by it either.
  const classifier = await chooseClassifier(config, taxonomy);
  refuseUnaskedCost(classifier, { mayPay: yes === true, what: 'A shadow' });
  await requirePageFile(html);
  const report = await watch(cli, { url, taxonomy, classifier, flags });
  if (report.failed.length > 0) cli.exitWith(4);
  else if (report.rows === 0) cli.exitWith(3);
  const by = { classifier: classifier.kind, model: classifier.model, taxonomyVersion: taxonomy.version };
  if (html !== undefined) await writePageFile(html, writeShadowPage(report, by));
  if (cli.json) cli.document(toShadowDocument(report, by));
  else cli.out(describeShadow(cli, report, by));
  if (html !== undefined) cli.note(describePageFile(html));
  cli.note('vambe: nothing was written to the database, and no message was touched.');
}

async function requireDatabaseUrl(config: Config): Promise<string> {
  const [{ postgresUrl }, { AppError }] = await Promise.all([
    import('../../config/derived.ts'),
    import('../../core/errors.ts'),
  ]);
  const url = postgresUrl(config);
  if (url !== null) return url;
  const message =
    'A shadow reads the database of another worker, and none is given. Set DATABASE_URL or POSTGRES_HOST.';
  throw new AppError('USAGE', message);
}

interface Watching extends Pick<ShadowDeps, 'taxonomy' | 'classifier'> {
  readonly url: string;
  readonly flags: Omit<ShadowFlags, 'html' | 'yes'>;
}

async function watch(cli: Cli, { url, taxonomy, classifier, flags }: Watching): Promise<ShadowReport> {
  const [{ createDatabase }, { systemClock }, { watchSavedRows }] = await Promise.all([
    import('../../core/connections/database.ts'),
    import('../../core/clock.ts'),
    import('../../services/evaluation/watch-saved-rows.ts'),
  ]);
  const database = createDatabase({ url, poolSize: 2, readOnly: true, applicationName: 'vambe shadow' });
  const { for: until, since, limit, examples: maxExamples } = flags;
  let reportedMs = systemClock.monotonicMs();
  try {
    return await watchSavedRows(
      { database, taxonomy, classifier, clock: systemClock },
      {
        until,
        since,
        limit,
        maxExamples,
        signal: cli.signal,
        onLook({ report }) {
          if (systemClock.monotonicMs() - reportedMs < reportEveryMs) return;
          reportedMs = systemClock.monotonicMs();
          const { same, different } = report();
          cli.note(`vambe: ${same} rows are the same, ${different} differ so far.`);
        },
      },
    );
  } finally {
    await database.close();
  }
}
