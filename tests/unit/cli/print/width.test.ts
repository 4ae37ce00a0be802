/** What the commands of meetings print on a terminal of 80 columns: no line is longer, no word is broken (N5). */
import { describe, expect, it } from 'vitest';
import type { Cli, CommandModule } from '../../../../src/cli/kit/cli.ts';
import { createCli } from '../../../../src/cli/kit/create-cli.ts';
import { describeDryRun, describeEnded } from '../../../../src/cli/print/classifications.ts';
import { describeComparison, describeEvaluation } from '../../../../src/cli/print/evaluation.ts';
import { describeImport } from '../../../../src/cli/print/import.ts';
import { describeMeeting } from '../../../../src/cli/print/meeting.ts';
import { describeShadow } from '../../../../src/cli/print/shadow.ts';
import { loadConfig } from '../../../../src/config/load.ts';
import { compareReports, evaluateClassifier } from '../../../../src/services/evaluation/evaluate.ts';
import { createChangeCounter } from '../../../../src/services/evaluation/label-changes.ts';
import type { LabelledMeeting } from '../../../../src/services/evaluation/labelled-meetings.ts';
import { createShadowCounter } from '../../../../src/services/evaluation/shadow.ts';
import type { ShownMeeting } from '../../../../src/services/meetings/show-meeting.ts';
import { readTaxonomy } from '../../../../src/wire-services.ts';
import { createStubClassifier, fieldOf } from '../../../helpers/stub-classifier.ts';
import { makeIo, makeStream, runWith } from '../fake-io.ts';

const columns = 80;
const terminal = () => makeStream({ isTTY: true, columns });

async function onTerminal(print: (cli: Cli) => string): Promise<readonly string[]> {
  const handle = createCli(makeIo({ stdout: terminal() }).io, { json: false });
  await handle.prepare();
  const text = print(handle.cli);
  handle.release();
  return text.split('\n');
}

function expectToFit(lines: readonly string[]): void {
  expect(lines.length).toBeGreaterThan(1);
  expect(lines.filter((line) => [...line].length > columns)).toEqual([]);
}

const taxonomy = await readTaxonomy(loadConfig({}, '').config);
const quote = 'Tenemos una clínica dental en Valdivia y las recepcionistas viven pegadas al teléfono toda la mañana.';
const evidence = [{ quote, start: 0, end: quote.length }];
const answer = () => ({
  fields: {
    business_sector: { value: 'professional_services', confidence: 0.9, evidence },
    primary_pain_point: { value: 'high_volume_of_repetitive_questions', confidence: 0.9, evidence },
    urgency: fieldOf(true),
    lost_client_bad_meeting: fieldOf(true),
  },
});
const usage = { inputTokens: 10, outputTokens: 2, costUsd: 0.01, latencyMs: 5 };
const subject = {
  name: 'a-taxonomy-of-our-own.yaml',
  taxonomy,
  classifier: createStubClassifier({ answer: () => ({ ...answer(), usage }) }),
};
const labels = {
  business_sector: 'healthcare',
  primary_pain_point: null,
  urgency: false,
  lost_client_bad_meeting: false,
};
const meetings: LabelledMeeting[] = [{ id: 'meeting-1', transcript: quote, labels, acceptable: {} }];
const request = { file: 'labelled.jsonl', meetings, signal: new AbortController().signal };

const job = {
  row_id: '1',
  task_id: '4fd1b3b2-0b3c-4f0e-9a57-2f6c5d1c8a11',
  task: 'classify_meeting',
  queue: 'classification',
  meeting_id: 7,
  state: 'failed' as const,
  origin: 'import',
  attempts: 3,
  error_code: 'MODEL_UNREACHABLE',
  worker: null,
  ...{ accepted_at: '2026-01-01T00:00:00Z', due_at: null, started_at: null, finished_at: null, duration_ms: null },
};
const run = {
  ...{
    run_id: '12',
    task_id: job.task_id,
    classifier: 'offline',
    model: 'vambe-rules-2026-11',
    taxonomy_version: 'v1',
  },
  ...{ confidence: 0.78, truncated: true, needs_review: true, started_at: new Date(0), duration_ms: 3 },
};
const shown: ShownMeeting = {
  meeting: {
    id: 7,
    client: {
      id: 1,
      name: 'Clínica Odontológica del Norte',
      email: 'contacto@clinica.example',
      phone: '+56 9 1234 5678',
    },
    seller: { id: 2, name: 'Ana Pérez', email: 'ana@example.com' },
    meeting_at: new Date(0),
    closed: false,
    transcript: `${quote} `.repeat(4),
    classification: {
      columns: {},
      confidence_score: 0.78,
      key_topics: ['agenda', 'integración con el sistema de reservas', 'presupuesto para el próximo trimestre'],
      action_items: [quote],
      next_steps: quote,
      summary: quote,
      model_used: 'vambe-rules-2026-11',
      processed_at: new Date(0),
      processing_time_ms: 3,
    },
    ...{ run_fields: null, run_id: '12', truncated: true, needs_review: true, corrected: {} },
  },
  labels: Object.entries(answer().fields).map(([field, each]) => ({
    field,
    ...each,
    isCorrected: field === 'urgency',
    answered: each.value,
  })),
  jobs: [job],
  runs: [run],
  reviews: [
    {
      ...{
        field: 'primary_pain_point',
        before: 'high_volume_of_repetitive_questions',
        after: 'no_after_hours_coverage',
      },
      ...{ reviewer: 'Camila Rojas', reason: 'said in the second half of the meeting', reviewed_at: new Date(0) },
    },
  ],
};

describe('On a terminal of 80 columns', () => {
  it('an evaluation fits (N5)', async () => {
    const report = await evaluateClassifier(subject, request);
    expectToFit(await onTerminal((cli) => describeEvaluation(cli, report, { isVerbose: true })));
    const comparison = compareReports([taxonomy, taxonomy], meetings, [report, report]);
    expectToFit(await onTerminal((cli) => describeComparison(cli, [report, report], comparison)));
  });

  it('a meeting fits, with its history (N5)', async () => {
    expectToFit(await onTerminal((cli) => describeMeeting(cli, shown, Date.UTC(2026, 0, 2))));
  });

  it('a dry run, a shadow and ended classifications fit (N5)', async () => {
    const counter = createChangeCounter(taxonomy.fields, { maxExamples: 2 });
    const before = shown.labels.map((label) => ({ ...label, value: 'healthcare', isCorrected: false }));
    counter.add({ meetingId: 7, before, after: answer().fields });
    const run = {
      report: counter.report(),
      classifier: 'offline',
      model: 'vambe-rules-2026-11',
      taxonomyVersion: 'sales-meeting@2026-11',
      taxonomyFile: '/x/sales-meeting.yaml',
      unknown: [],
      cost: null,
    };
    expectToFit(await onTerminal((cli) => describeDryRun(cli, run)));
    const shadow = createShadowCounter(taxonomy, { maxExamples: 2 });
    shadow.add({
      meetingId: 7,
      saved: { model_used: 'gpt-4o-mini', processing_time_ms: 900, sentiment: 'positive' },
      answer: answer(),
      durationMs: 3,
    });
    const by = { classifier: 'offline', model: 'vambe-rules-2026-11', taxonomyVersion: 'sales-meeting@2026-11' };
    expectToFit(await onTerminal((cli) => describeShadow(cli, shadow.report(), by)));
    const ended = [
      {
        row_id: '1',
        task_id: 'a',
        meeting_id: 123_456,
        state: 'failed' as const,
        error_code: 'TRANSCRIPT_EMPTY',
        error_message: `Meeting 123456 has no transcript. Give it one, then classify it again; until then it stays as it is.`,
        unchanged: false,
        labels: { business_sector: 'professional_services', purchase_stage: 'ready_to_buy' },
        confidence_score: 0.78,
      },
    ];
    expectToFit(await onTerminal((cli) => describeEnded(cli, ended, { completed: 0, unchanged: 0, failed: 1 })));
  });

  it('an import fits, and names the ids of its meetings (N2)', async () => {
    const reason = '"31/02/2024" is no date of the calendar; the dates of this file are read as day-month-year.';
    const imported = {
      ...{ read: 3, inserted: 2, existing: 0, queued: 2, blank: 0, isQueued: true, isInterrupted: false },
      ...{ differing: [{ line: 4, meetingId: 3 }], rejected: [{ line: 2, reason }], warnings: [{ line: 3, reason }] },
      ...{ fileNotes: [reason], encoding: 'Windows-1252', delimiter: 'semicolon', datesReadAs: 'day-month-year' },
      ids: { first: 12, last: 13 },
    };
    const lines = await onTerminal((cli) =>
      describeImport(cli, '/tmp/reuniones-del-segundo-semestre-de-2024.csv', imported),
    );
    expectToFit(lines);
    expect(lines.some((line) => /^ids +12 to 13$/.test(line))).toBe(true);
  });

  it('the settings fit, and no value is cut (N5)', async () => {
    const command = {
      name: 'config',
      load: (): Promise<CommandModule> => import('../../../../src/cli/commands/config.ts'),
    };
    const url = `postgres://vambe:secret@database.internal.example.com:5432/vambe_production_${'x'.repeat(20)}`;
    const { out } = await runWith('config', [command], { stdout: terminal(), environment: { DATABASE_URL: url } });
    expect(out).toContain(url.replace('secret', '********').slice(-40));
    expect(out.split('\n').filter((line) => [...line].length > columns && !line.includes('postgres://'))).toEqual([]);
  });

  it.each(['import', 'classify', 'show', 'export', 'review', 'eval', 'shadow', 'taxonomy', 'up', 'migrate', 'config'])(
    'the help of %s fits (N5)',
    async (name) => {
      const command = { name, load: (): Promise<CommandModule> => import(`../../../../src/cli/commands/${name}.ts`) };
      const { out } = await runWith(`${name} --help`, [command], { stdout: terminal() });
      const examples = /^ {2}\$ /;
      expect(out.split('\n').filter((line) => [...line].length > columns && !examples.test(line))).toEqual([]);
    },
  );
});
