/** Classifies transcripts by asking a model: ask, keep the raw reply, ground every value in the transcript. */
import { randomUUID } from 'node:crypto';
import { AppError } from '../../../core/errors.ts';
import type { Taxonomy } from '../../../models/taxonomy.ts';
import type { Classification, Classifier, ClassifierInput, ModelUsage, Probe } from '../classifier.ts';
import { mostChars } from '../text/windows.ts';
import type { ChatClient, ChatReply, Meter } from './chat-client.ts';
import { without } from './find-orders.ts';
import { type ChatMessage, promptVersion, writeRepairPrompt, writeSystemPrompt, writeUserPrompt } from './prompt.ts';
import type { Usage } from './providers/dialect.ts';
import type { ReadReply } from './read-reply.ts';
import type { Reader, Survey, WeighedReply } from './reader.ts';
import { createRedactor, noRedactor, type Redactor } from './redact.ts';
import type { KeptReply, ReplyMemory } from './reply-memory.ts';
import { makeReplySchema } from './reply-schema.ts';
import { type Budget, noBudget } from './resilience/budget.ts';
import { createMeter } from './resilience/meter.ts';
import { weighReply } from './weigh-reply.ts';

export interface LlmClassifierOptions {
  readonly taxonomy: Taxonomy;
  readonly reader: Reader;
  readonly client: ChatClient;
  /** Absent where there is no database, as for a bare file: nothing is kept. */
  readonly memory?: ReplyMemory;
  /** True: personal data is masked before anything leaves. */
  readonly redacts: boolean;
  /** US dollars of a call; unset: nobody knows. */
  readonly costOf?: (model: string, usage: Usage) => number | null;
  readonly budget?: Budget;
  /** A word that no transcript can know, new for each call. */
  readonly makeFence?: () => string;
}

/** failure-matrix, Bounds; the second where the first did not suffice. */
const outputTokens = [4_096, 8_192] as const;
/** A text this short is not what makes an answer long. */
const leastCharsToShorten = 4_000;
/** What meetings_classifications.model_used takes. */
const maxModelChars = 100;
const edgeNumbers = /^[\d\s().,/+-]+|[\d\s().,/+-]+$/g;

/** @throws AppError MODEL_* from `classify`; DATABASE_* where a reply cannot be kept */
export function createLlmClassifier(options: LlmClassifierOptions): Classifier {
  const { taxonomy, client, redacts, costOf = () => null, budget = noBudget } = options;
  const setup: Setup = {
    ...options,
    costOf,
    makeFence: options.makeFence ?? (() => randomUUID().replaceAll('-', '')),
    systemPrompt: writeSystemPrompt(taxonomy),
    schema: makeReplySchema(taxonomy),
    schemaName: taxonomy.id.replace(/[^\w-]/g, '_').slice(0, 64),
    meterOf: createMeter({ model: client.model, costOf, budget, record: options.memory?.record }),
  };
  return {
    kind: 'llm',
    model: client.model.slice(0, maxModelChars),
    version: `llm-${promptVersion}/${client.model}/${taxonomy.version}${redacts ? '/redacted' : ''}`,
    promptVersion,
    isPaid: true,
    classify: (input) => classify(setup, input),
    probe: (signal) => probe(setup, signal),
    close: options.reader.close,
  };
}

interface Setup extends LlmClassifierOptions {
  readonly costOf: (model: string, usage: Usage) => number | null;
  readonly meterOf: (meetingId: number | null) => Meter;
  readonly makeFence: () => string;
  readonly systemPrompt: string;
  readonly schema: ReturnType<typeof makeReplySchema>;
  readonly schemaName: string;
}

async function classify(setup: Setup, input: ClassifierInput): Promise<Classification> {
  const { taxonomy, memory } = setup;
  const { transcript, signal } = input;
  signal.throwIfAborted();
  // Nobody is asked what silence means.
  if (!/[\p{L}\p{N}]/u.test(transcript)) return weighNothing(taxonomy);
  const kept = input.keepAs && (await memory?.find(input.keepAs.key));
  const tab = createTab(kept?.usage);
  try {
    return await classifyShown(setup, input, {
      kept,
      tab,
      maxChars: kept?.isShortened ? shortened(transcript) : mostChars,
    });
  } catch (error) {
    const isEndless = error instanceof AppError && error.code === 'MODEL_REPLY_TRUNCATED';
    if (!isEndless || kept?.isShortened || transcript.length <= leastCharsToShorten) throw error;
    return classifyShown(setup, input, { kept: undefined, tab, maxChars: shortened(transcript) });
  }
}

/** Half of what the model was shown at first. */
function shortened(transcript: string): number {
  return Math.floor(Math.min(transcript.length, mostChars) / 2);
}

interface Round {
  readonly kept: KeptReply | undefined;
  readonly tab: Tab;
  readonly maxChars: number;
}

async function classifyShown(setup: Setup, input: ClassifierInput, round: Round): Promise<Classification> {
  const { transcript, signal } = input;
  const survey = await setup.reader.survey({ transcript, maxChars: round.maxChars }, signal);
  const { segments, untrusted } = survey;
  const truncated = segments.length > 1;
  const redactor = setup.redacts ? createRedactor([transcript, input.sellerPrompt ?? '']) : noRedactor;
  const excerpts = segments.map((segment) => {
    const excerpt = without(transcript, segment, untrusted);
    // A number that the cut parted would not be known for what it is.
    return redactor.hide(truncated ? excerpt.replace(edgeNumbers, '') : excerpt);
  });
  const { classification, faults } = await obtainReply(setup, input, { ...round, survey, excerpts, redactor });
  // A null in place of what the model could not put into the shape does not mean that nobody spoke of it.
  const needsReview = classification.needsReview || faults.length > 0;
  return { ...classification, needsReview, usage: round.tab.usage() };
}

interface Material extends Round {
  readonly survey: Survey;
  readonly excerpts: readonly string[];
  readonly redactor: Redactor;
}

/** From memory where it is there, else from the model; a reply with faults is repaired once. */
async function obtainReply(setup: Setup, input: ClassifierInput, material: Material): Promise<WeighedReply> {
  const { reader, makeFence } = setup;
  const { kept, survey, excerpts, redactor } = material;
  const { transcript } = input;
  const weigh = ({ text }: KeptReply) => reader.weigh({ transcript, survey, reply: redactor.show(text) });
  const keptWeighed = kept && (await weigh(kept));
  if (kept && keptWeighed && (kept.isRepair || keptWeighed.faults.length === 0)) return keptWeighed;

  const sellerPrompt = input.sellerPrompt === null ? null : redactor.hide(input.sellerPrompt);
  const messages: readonly ChatMessage[] = [
    { role: 'system', content: setup.systemPrompt },
    { role: 'user', content: writeUserPrompt(excerpts, { fence: makeFence(), sellerPrompt }) },
  ];
  const first = kept && !kept.isRepair ? kept : await ask(setup, input, { ...material, messages, isRepair: false });
  const weighed = first === kept ? keptWeighed : await weigh(first);
  if (weighed?.faults.length === 0) return weighed;
  const faults = weighed?.faults ?? ['it is not a JSON object of the shape that was described.'];
  try {
    const again: readonly ChatMessage[] = [
      ...messages,
      { role: 'assistant', content: first.text },
      { role: 'user', content: writeRepairPrompt(faults.map((fault) => redactor.hide(fault))) },
    ];
    const repaired = await ask(setup, input, { ...material, messages: again, isRepair: true });
    const weighedAgain = await weigh(repaired);
    if (weighedAgain && (!weighed || weighedAgain.faults.length <= weighed.faults.length)) return weighedAgain;
  } catch (error) {
    // A reply that can be used but for a few values is not given up because the second could not be had.
    if (!weighed || input.signal.aborted || !(error instanceof AppError) || !error.code.startsWith('MODEL_'))
      throw error;
  }
  if (weighed) return weighed;
  throw new AppError(
    'MODEL_REPLY_INVALID',
    `The model ${setup.client.model} answered twice without the JSON that was asked for (${first.text.length} characters at first). It is asked again later; another model may do better.`,
  );
}

interface Question extends Material {
  readonly messages: readonly ChatMessage[];
  readonly isRepair: boolean;
}

/** Asks, and keeps what comes before anything else is done with it. */
async function ask(setup: Setup, { keepAs, signal }: ClassifierInput, question: Question): Promise<KeptReply> {
  const { client, schema, schemaName } = setup;
  const { messages, isRepair, tab, maxChars } = question;
  const meter = setup.meterOf(keepAs?.meetingId ?? null);
  for (const maxOutputTokens of outputTokens) {
    const reply = await client.complete({ messages, schema, schemaName, maxOutputTokens, signal, meter });
    const usage = priced(setup, reply);
    tab.add(usage);
    const kept: KeptReply = {
      text: reply.text,
      isRepair,
      isShortened: maxChars < mostChars,
      usage: tab.usage() ?? usage,
    };
    await record(setup, reply, usage, keepAs && { ...kept, key: keepAs.key, meetingId: keepAs.meetingId });
    if (reply.end === 'whole') return kept;
    if (reply.end === 'refused') {
      const words = `The model ${client.model} at ${client.host} refuses to answer for this transcript. Look at the meeting.`;
      throw new AppError('MODEL_REFUSED_CONTENT', words);
    }
  }
  throw new AppError(
    'MODEL_REPLY_TRUNCATED',
    `The model ${client.model} did not finish its answer within ${outputTokens.at(-1)} tokens. It is asked again later; another model may do better.`,
  );
}

/** One row a call; its reply beside it where it has an end. */
async function record(
  { memory }: Setup,
  { end, model }: ChatReply,
  usage: ModelUsage,
  kept: (KeptReply & { key: string; meetingId: number }) | undefined,
): Promise<void> {
  if (kept === undefined) return memory?.record({ ...usage, meetingId: null, model, outcome: end });
  const { meetingId, ...reply } = kept;
  await memory?.record({ ...usage, meetingId, model, outcome: end, ...(end === 'whole' ? { reply } : {}) });
}

function priced({ costOf }: Setup, reply: ChatReply): ModelUsage {
  const { inputTokens, outputTokens, latencyMs, model } = reply;
  return { inputTokens, outputTokens, costUsd: costOf(model, reply), latencyMs };
}

interface Tab {
  add(usage: ModelUsage): void;
  /** undefined: nothing was called. */
  usage(): ModelUsage | undefined;
}

/** Adds up the calls of one classification; what is not known of one is not known of all. */
function createTab(before: ModelUsage | undefined): Tab {
  let total = before;
  const sum = (a: number | null, b: number | null) => (a === null || b === null ? null : a + b);
  return {
    add(usage) {
      total =
        total === undefined
          ? usage
          : {
              inputTokens: sum(total.inputTokens, usage.inputTokens),
              outputTokens: sum(total.outputTokens, usage.outputTokens),
              costUsd: sum(total.costUsd, usage.costUsd),
              latencyMs: total.latencyMs + usage.latencyMs,
            };
    },
    usage: () => total,
  };
}

const probeMessages: readonly ChatMessage[] = [
  { role: 'system', content: 'Answer with the JSON object that is asked for.' },
  { role: 'user', content: 'Is the service up? {"up": true or false}' },
];
const probeSchema = {
  type: 'object',
  properties: { up: { type: 'boolean' } },
  required: ['up'],
  additionalProperties: false,
};
/** Whether the answer has an end is no matter. */
const probeTokens = 64;

async function probe(setup: Setup, signal: AbortSignal): Promise<Probe> {
  const { client } = setup;
  const reply = await client.complete({
    messages: probeMessages,
    schema: probeSchema,
    schemaName: 'probe',
    maxOutputTokens: probeTokens,
    signal,
    meter: setup.meterOf(null),
  });
  const usage = priced(setup, reply);
  await record(setup, reply, usage, undefined);
  return { ...usage, host: client.host, model: reply.model, refusedParts: client.refusedParts() };
}

function weighNothing(taxonomy: Taxonomy): Classification {
  const silent: ReadReply = { fields: {}, keyTopics: [], actionItems: [], nextSteps: null, summary: null, faults: [] };
  return weighReply(silent, { taxonomy, findQuote: () => undefined, truncated: false });
}
