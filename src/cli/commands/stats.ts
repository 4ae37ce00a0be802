/** `vambe stats`: what the model's calls cost, and how many meetings have each label. */
import type { Command } from 'commander';
import type { CostGroup, CostReport, CostRow } from '../../services/observe/cost.ts';
import type { Cli } from '../kit/cli.ts';
import { counted } from '../kit/counted.ts';
import { oneOf, wholeNumber, withExample } from '../kit/help.ts';
import { type MeetingFlags, readMeetingQuery, withMeetingSelection } from '../kit/meeting-selection.ts';

const costGroups = ['day', 'model', 'seller'] as const satisfies readonly CostGroup[];

interface CostFlags {
  readonly by: CostGroup;
  readonly days: number;
}

export function register(program: Command, cli: Cli): void {
  const stats = program.command('stats').description('figures over what was done').helpCommand(false);
  const command = stats
    .command('cost')
    .description('what the calls of a model cost: tokens, US dollars, latency')
    .option('--by <what>', `a row for each ${costGroups.join(', ')}`, oneOf(costGroups), 'day')
    .option('--days <count>', 'how many days (UTC), today among them', wholeNumber({ min: 1, max: 3650 }), 30)
    .action((flags: CostFlags) => runCost(cli, flags));
  withExample(command, 'vambe stats cost', 'vambe stats cost --by seller --days 7 --json');
  const labels = stats
    .command('labels')
    .description('how many meetings have each label, how many of them closed, and the mean confidence of a field')
    .argument('[field...]', 'only these fields of the taxonomy');
  withMeetingSelection(labels).action((fields: readonly string[], flags: MeetingFlags) =>
    runLabels(cli, fields, flags),
  );
  withExample(
    labels,
    'vambe stats labels',
    'vambe stats labels primary_pain_point purchase_stage --from 90d',
    'vambe stats labels --filter "seller=\\"Camila Rojas\\" closed=no" --json',
  );
  withExample(stats, 'vambe stats cost --by model', 'vambe stats labels --from 90d');
}

/** @throws AppError USAGE for a field that the taxonomy does not have */
async function runLabels(cli: Cli, fieldIds: readonly string[], flags: MeetingFlags): Promise<void> {
  const [
    { AppError },
    { didYouMean },
    { withDatabase },
    { countLabels },
    { toLabelStatsDocument },
    { describeLabelStats, describeLabelTotals },
  ] = await Promise.all([
    import('../../core/errors.ts'),
    import('../../core/nearest-name.ts'),
    import('../kit/with-database.ts'),
    import('../../services/meetings/list-meetings.ts'),
    import('../../contract/meeting-list.ts'),
    import('../print/meeting-list.ts'),
  ]);
  const query = await readMeetingQuery(cli, flags);
  const known = query.context.fields.map(({ id }) => id);
  const unknown = fieldIds.find((id) => !known.includes(id));
  if (unknown !== undefined) {
    const message = `There is no field "${unknown}".${didYouMean(unknown, known)} Fields: ${known.join(', ')}.`;
    throw new AppError('USAGE', message);
  }
  const all = await withDatabase(cli, (database) => countLabels(database, query));
  const fields = all.fields.filter(({ field }) => fieldIds.length === 0 || fieldIds.includes(field));
  const stats = { ...all, fields };
  if (cli.json) return cli.document(toLabelStatsDocument(stats));
  if (stats.classified === 0) return cli.note('No meeting like that is classified.');
  cli.out(describeLabelStats(cli, stats));
  cli.note(describeLabelTotals(stats));
}

async function runCost(cli: Cli, { by, days }: CostFlags): Promise<void> {
  const [{ withDatabase }, { readCostReport }, { toCostDocument }] = await Promise.all([
    import('../kit/with-database.ts'),
    import('../../services/observe/cost.ts'),
    import('../../contract/cost.ts'),
  ]);
  const { config } = cli.config();
  const report = await withDatabase(cli, (database) => readCostReport(database, { by, days }));
  if (cli.json) return cli.document(toCostDocument(report, config.llmBudgetUsdPerDay));
  if (days > config.jobRetentionDays)
    cli.note(`vambe: calls older than JOB_RETENTION_DAYS (${config.jobRetentionDays}) are deleted; they are not here.`);
  if (report.rows.length === 0)
    return cli.note(`No model was called in the last ${days === 1 ? 'day' : `${days} days`}.`);
  const head = [by, 'calls', 'meetings', 'input tokens', 'output tokens', 'USD', 'mean latency'];
  cli.out(cli.table(head, report.rows.map(cellsOf)));
  tellTotal(cli, report, config.llmBudgetUsdPerDay);
}

function tellTotal(cli: Cli, { total, spent_today_usd }: CostReport, budgetUsdPerDay: number | null): void {
  if (total.unpriced_calls > 0)
    cli.note(
      `vambe: ${total.unpriced_calls === 1 ? '1 call has no price and is' : `${total.unpriced_calls} calls have no price and are`} not in the sum; LLM_PRICES_FILE can give one.`,
    );
  if (total.abandoned_calls > 0)
    cli.note(`vambe: ${counted(total.abandoned_calls, 'call')} given up after sending; the cost is an estimate.`);
  const limit = budgetUsdPerDay === null ? '' : ` of ${budgetUsdPerDay} USD a day`;
  const together = total.cost_usd === null ? 'no known price' : `${total.cost_usd.toFixed(4)} USD`;
  cli.note(`\nTogether ${together}; today ${spent_today_usd.toFixed(4)} USD${limit}.`);
}

function cellsOf(row: CostRow): (string | number | null)[] {
  const { name, calls, meetings, input_tokens, output_tokens, cost_usd, mean_latency_ms } = row;
  return [
    name ?? 'unknown',
    calls,
    meetings,
    input_tokens,
    output_tokens,
    cost_usd?.toFixed(4) ?? null,
    `${mean_latency_ms} ms`,
  ];
}
