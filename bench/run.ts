/** `npm run bench`: every case on one Redis and one PostgreSQL, ratios within each round, medians over rounds. bench/README.md has the method. */
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { measureBridge } from './cases/bridge.ts';
import { measureCeiling } from './cases/ceiling.ts';
import { measureClassifier } from './cases/classifier.ts';
import { measureClassify } from './cases/classify.ts';
import { measureEmbedded } from './cases/embedded.ts';
import { measureEnqueue } from './cases/enqueue.ts';
import { measureLatency, measureNoopLatency } from './cases/latency.ts';
import { findShortfalls, llmLoads, measureLlm, smokeLlmLoads } from './cases/llm.ts';
import { measureMemory } from './cases/memory.ts';
import { findRecoveryShortfalls, measureRecovery } from './cases/recovery.ts';
import { median, rounded } from './figures.ts';
import {
  hasReference,
  measureReference,
  measureReferenceLatency,
  type ReferenceFigures,
  referenceMeetings,
} from './reference.ts';
import { openApp, openSurroundings, seedMeetings } from './surroundings.ts';

const { values: flags } = parseArgs({
  options: {
    smoke: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    reference: { type: 'boolean', default: false },
    meetings: { type: 'string' },
    concurrency: { type: 'string', default: '50' },
    processes: { type: 'string', default: '1' },
    rounds: { type: 'string' },
    redis: { type: 'string' },
    postgres: { type: 'string' },
    cases: { type: 'string', default: 'throughput,bridge,enqueue,latency,memory,embedded,classifier,llm,recovery' },
  },
});

const size = flags.smoke
  ? {
      meetings: 300,
      rounds: 1,
      enqueue: 2_000,
      recovery: 6_000,
      memory: 1_000,
      latency: 40,
      classifier: 1_000,
      llm: smokeLlmLoads,
    }
  : {
      // Compiling takes the first second or two: what a worker does all day is what it does after them.
      meetings: 30_000,
      rounds: 3,
      enqueue: 100_000,
      recovery: 100_000,
      memory: 200_000,
      latency: 300,
      classifier: 20_000,
      llm: llmLoads,
    };
const meetings = Number(flags.meetings ?? size.meetings);
const rounds = Number(flags.rounds ?? size.rounds);
const concurrency = Number(flags.concurrency);
const processes = Number(flags.processes);
const chosen = new Set(flags.cases.split(','));
const hasCelery = flags.reference && hasReference();
const say = (text: string) => process.stderr.write(`${text}\n`);

const surroundings = await openSurroundings({ postgres: flags.postgres, redis: flags.redis });
const app = await openApp(surroundings);
/** What is asked for of Celery messages: meetings a second against ours without them, and against Celery's own worker. */
const leastBridgeToClassify = 0.6;
const leastBridgeToCelery = 5;
/** Of what is asked for, where a case has bounds. */
const shortfalls: string[] = [];
const report: Record<string, unknown> = {
  machine: { cores: cpus().length, model: cpus()[0]?.model, node: process.version },
  meetings,
  concurrency,
  processes,
  rounds,
};
try {
  const ids = await seedMeetings(app, meetings);
  const ratios: Record<string, number> = {};

  if (chosen.has('throughput')) {
    const done = [];
    for (let round = 1; round <= rounds; round++) {
      const ceiling = await measureCeiling(surroundings, { jobs: meetings, concurrency });
      const classify = await measureClassify(surroundings, app, { ids, concurrency, processes });
      const reference = await measureCelery();
      const ratio = classify.meetings_per_s / ceiling.jobs_per_s;
      const toCelery = reference && classify.meetings_per_s / reference.meetings_per_s;
      say(
        `round ${round}: no-op ${ceiling.jobs_per_s.toFixed(0)}/s, classify ${classify.meetings_per_s.toFixed(0)}/s, ratio ${ratio.toFixed(2)}, ${classify.cpu_ms.total.toFixed(2)} ms CPU a meeting${tellCelery(reference, toCelery)}`,
      );
      done.push({ ceiling, classify, ratio, reference, to_celery: toCelery });
    }
    report.throughput = done;
    ratios.classify_to_ceiling = median(done.map(({ ratio }) => ratio));
    const toCelery = done.flatMap(({ to_celery }) => to_celery ?? []);
    if (toCelery.length > 0) ratios.classify_to_celery = median(toCelery);
  }
  if (chosen.has('bridge')) {
    const done = [];
    for (let round = 1; round <= rounds; round++) {
      const options = { ids, concurrency, processes };
      const classify = await measureClassify(surroundings, app, options);
      const bridge = await measureBridge(surroundings, app, options);
      const celery = await measureCelery();
      const ratio = bridge.meetings_per_s / classify.meetings_per_s;
      const toCelery = celery && bridge.meetings_per_s / celery.meetings_per_s;
      say(
        `round ${round}: classify ${classify.meetings_per_s.toFixed(0)}/s, bridge ${bridge.meetings_per_s.toFixed(0)}/s, ratio ${ratio.toFixed(2)}, ${bridge.cpu_ms.total.toFixed(2)} ms CPU a meeting${tellCelery(celery, toCelery)}`,
      );
      done.push({ classify, bridge, celery, ratio, to_celery: toCelery });
    }
    report.bridge = done;
    ratios.bridge_to_classify = median(done.map(({ ratio }) => ratio));
    // A few meetings are over before a worker is warm.
    if (!flags.smoke && ratios.bridge_to_classify < leastBridgeToClassify) {
      shortfalls.push(`bridge_to_classify ${ratios.bridge_to_classify.toFixed(2)} of ${leastBridgeToClassify}`);
    }
    const toCelery = done.flatMap(({ to_celery }) => to_celery ?? []);
    if (toCelery.length > 0) {
      ratios.bridge_to_celery = median(toCelery);
      if (!flags.smoke && ratios.bridge_to_celery < leastBridgeToCelery) {
        shortfalls.push(`bridge_to_celery ${ratios.bridge_to_celery.toFixed(1)} of ${leastBridgeToCelery}`);
      }
    }
  }
  if (chosen.has('enqueue')) {
    const figures = await measureEnqueue(surroundings, app, { ids, jobs: size.enqueue });
    report.enqueue = figures;
    ratios.enqueue_to_addbulk = figures.enqueued_per_s / figures.addbulk_per_s;
    say(
      `enqueue ${figures.enqueued_per_s.toFixed(0)}/s, addBulk ${figures.addbulk_per_s.toFixed(0)}/s, ratio ${ratios.enqueue_to_addbulk.toFixed(2)}`,
    );
  }
  if (chosen.has('latency')) {
    const product = await measureLatency(surroundings, app, { ids: ids.slice(0, size.latency), ratePerS: 10 });
    const noop = await measureNoopLatency(surroundings, { jobs: size.latency, ratePerS: 10 });
    const celery = hasCelery
      ? await measureReferenceLatency(surroundings, { jobs: size.latency, ratePerS: 10 })
      : undefined;
    report.latency = { product, noop, celery };
    const besides = { 'no-op': noop, ...(celery ? { Celery: celery } : {}) };
    say(
      `latency at 10/s: p50 ${product.p50_ms.toFixed(1)} ms, p99 ${product.p99_ms.toFixed(1)} (${Object.entries(besides)
        .map(([name, { p50_ms, p99_ms }]) => `${name} ${p50_ms.toFixed(1)}, ${p99_ms.toFixed(1)}`)
        .join('; ')})`,
    );
  }
  if (chosen.has('memory')) {
    const memory = await measureMemory(surroundings, app, { ids, jobs: size.memory });
    report.memory = memory;
    say(
      `memory: idle ${memory.idle_mb.toFixed(0)} MB, peak ${memory.peak_mb.toFixed(0)} MB, growth ${(memory.growth * 100).toFixed(0)} %`,
    );
  }
  if (chosen.has('embedded')) {
    const embedded = await measureEmbedded();
    report.embedded = embedded;
    say(
      `embedded, samples classified: first start ${embedded.first_start_s.toFixed(1)} s, next ${embedded.next_start_s.toFixed(1)} s`,
    );
  }
  if (chosen.has('classifier')) {
    const classifier = await measureClassifier({ meetings: size.classifier });
    report.classifier = classifier;
    say(`offline classifier: ${classifier.ms_a_meeting.toFixed(3)} ms a meeting of 150 words`);
  }
  if (chosen.has('llm')) {
    const all = [];
    for (const load of size.llm) {
      const { slots, meetings: count } = load;
      const done = [];
      for (let round = 1; round <= rounds; round++) {
        const figures = await measureLlm(surroundings, app, { ids: await seedMeetings(app, count), slots });
        say(
          `llm of 800 ms, ${slots} calls at once, ${count} meetings: ${figures.share_of_ideal.toFixed(2)} of ideal, ${figures.cpu_ms.worker.toFixed(2)} ms CPU a meeting, ${figures.peak_rss_mb.toFixed(0)} MB`,
        );
        done.push(figures);
      }
      ratios[`llm_${slots}_to_ideal`] = median(done.map(({ share_of_ideal }) => share_of_ideal));
      shortfalls.push(...findShortfalls(done, load));
      all.push(...done);
    }
    report.llm = all;
  }
  if (chosen.has('recovery')) {
    const recovery = await measureRecovery(surroundings, app, { ids, openRows: size.recovery });
    report.recovery = recovery;
    say(
      `recovery, ${recovery.open_rows} open rows: ${(recovery.share_of_core.worker * 100).toFixed(2)} % of a core in the worker, ${(recovery.share_of_core.total * 100).toFixed(2)} % with both servers, all looked at in ${recovery.round_s} s`,
    );
    shortfalls.push(...findRecoveryShortfalls(recovery));
  }
  report.ratios = ratios;
  report.falls_short = shortfalls;
} finally {
  await app.close();
  await surroundings.close();
}

const text = JSON.stringify(rounded(report), null, 2);
if (flags.json) process.stdout.write(`${text}\n`);
else if (!flags.smoke) {
  await mkdir(new URL('./results/', import.meta.url), { recursive: true });
  const file = new URL(`./results/${new Date().toISOString().replaceAll(':', '-')}.json`, import.meta.url);
  await writeFile(file, `${text}\n`);
  say(`written to bench/results/${file.pathname.split('/').at(-1)}`);
}
for (const shortfall of shortfalls) say(`falls short: ${shortfall}`);
// A smoke run shows that each case works; so few meetings measure nothing.
process.exit(shortfalls.length === 0 || flags.smoke ? 0 : 1);

async function measureCelery(): Promise<ReferenceFigures | undefined> {
  return hasCelery ? measureReference(surroundings, Math.min(meetings, referenceMeetings)) : undefined;
}

/** The end of a round's line: what the Python worker did in it, where it was measured. */
function tellCelery(celery: ReferenceFigures | undefined, toCelery: number | undefined): string {
  return celery && toCelery ? `, Celery ${celery.meetings_per_s.toFixed(0)}/s, ratio ${toCelery.toFixed(1)}` : '';
}
