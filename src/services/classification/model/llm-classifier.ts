/** Classifies transcripts with a model: show the transcript, get a reply, keep what the transcript proves. */
import { randomUUID } from 'node:crypto';
import { AppError } from '../../../core/errors.ts';
import type { Taxonomy } from '../../../models/taxonomy.ts';
import type { Classification, Classifier, ClassifierInput, Probe } from '../classifier.ts';
import { maxReadChars } from '../text/windows.ts';
import type { ChatClient } from './chat-client.ts';
import { without } from './find-orders.ts';
import { type CallSetup, obtainReply, probeModel, type ReplyRound } from './obtain-reply.ts';
import { promptVersion, writeSystemPrompt } from './prompt.ts';
import type { Usage } from './providers/dialect.ts';
import type { Reader } from './reader.ts';
import { createRedactor, noRedactor } from './redact.ts';
import type { ReplyMemory } from './reply-memory.ts';
import { makeReplySchema } from './reply-schema.ts';
import { type Budget, noBudget } from './resilience/budget.ts';
import { createMeter } from './resilience/meter.ts';
import { createUsageTotal } from './usage-total.ts';
import { createReplyWeigher } from './weigh-reply.ts';

export interface LlmClassifierOptions {
  readonly taxonomy: Taxonomy;
  readonly reader: Reader;
  readonly client: ChatClient;
  /** Absent without a database, as when classifying a file: no reply is kept. */
  readonly memory?: ReplyMemory;
  /** True: personal data is masked before the transcript is sent. */
  readonly redacts: boolean;
  /** US dollars of one call. Absent: unknown. */
  readonly costOf?: (model: string, usage: Usage) => number | null;
  readonly budget?: Budget;
  /** A random delimiter for each call, which a transcript cannot contain by design. */
  readonly makeFence?: () => string;
}

/** A transcript this short is not the reason for an endless answer. */
const minCharsToShorten = 4_000;
/** Size of meetings_classifications.model_used. */
const maxModelChars = 100;
const edgeNumbers = /^[\d\s().,/+-]+|[\d\s().,/+-]+$/g;

/** @throws AppError MODEL_* from `classify`; DATABASE_* if a reply cannot be stored */
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
    emptyClassification: classifyNothing(taxonomy),
  };
  return {
    kind: 'llm',
    model: client.model.slice(0, maxModelChars),
    version: `llm-${promptVersion}/${client.model}/${taxonomy.version}${redacts ? '/redacted' : ''}`,
    promptVersion,
    isPaid: true,
    classify: (input) => classify(setup, input),
    probe: (signal): Promise<Probe> => probeModel(setup, signal),
    close: options.reader.close,
  };
}

interface Setup extends CallSetup {
  readonly redacts: boolean;
  readonly emptyClassification: Classification;
}

async function classify(setup: Setup, input: ClassifierInput): Promise<Classification> {
  const { transcript, signal } = input;
  signal.throwIfAborted();
  // A transcript without a letter or digit needs no call.
  if (!/[\p{L}\p{N}]/u.test(transcript)) return setup.emptyClassification;
  const kept = input.keepAs && (await setup.memory?.find(input.keepAs.key));
  const total = createUsageTotal(kept?.usage);
  const halfChars = Math.floor(Math.min(transcript.length, maxReadChars) / 2);
  try {
    const maxChars = kept?.isShortened ? halfChars : maxReadChars;
    return await classifyShown(setup, input, { kept, total, maxChars });
  } catch (error) {
    const isEndless = error instanceof AppError && error.code === 'MODEL_REPLY_TRUNCATED';
    if (!isEndless || kept?.isShortened || transcript.length <= minCharsToShorten) throw error;
    return classifyShown(setup, input, { kept: undefined, total, maxChars: halfChars });
  }
}

async function classifyShown(
  setup: Setup,
  input: ClassifierInput,
  round: Pick<ReplyRound, 'kept' | 'total' | 'maxChars'>,
): Promise<Classification> {
  const { transcript, signal } = input;
  const survey = await setup.reader.survey({ transcript, maxChars: round.maxChars }, signal);
  const { segments, untrusted } = survey;
  const redactor = setup.redacts ? createRedactor([transcript, input.sellerPrompt ?? '']) : noRedactor;
  const excerpts = segments.map((segment) => {
    const excerpt = without(transcript, segment, untrusted);
    // The redactor would not recognise a phone number that was cut in two.
    return redactor.hide(segments.length > 1 ? excerpt.replace(edgeNumbers, '') : excerpt);
  });
  const { classification, faults } = await obtainReply(setup, input, { ...round, survey, excerpts, redactor });
  // A fault leaves a null, although the transcript may have an answer.
  const needsReview = classification.needsReview || faults.length > 0;
  return { ...classification, needsReview, usage: round.total.read() };
}

function classifyNothing(taxonomy: Taxonomy): Classification {
  const silent = { fields: {}, keyTopics: [], actionItems: [], nextSteps: null, summary: null, faults: [] };
  return createReplyWeigher(taxonomy)(silent, { findQuote: () => undefined, truncated: false });
}
