/** Classifies transcripts with a model: show the transcript, get a reply, keep what the transcript proves. */
import { randomUUID } from 'node:crypto';
import { AppError } from '../../../core/errors.ts';
import type { Taxonomy } from '../../../models/taxonomy.ts';
import type { Classification, Classifier, ClassifierInput, Probe } from '../classifier.ts';
import { maxReadChars } from '../text/windows.ts';
import type { ChatClient } from './chat-client.ts';
import { without } from './find-orders.ts';
import { type CutInput, createInputWatch } from './input-watch.ts';
import { type CallSetup, obtainReply, probeModel, type ReplyRound } from './obtain-reply.ts';
import { describeShape, promptVersion, writeSystemPrompt } from './prompt.ts';
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
  /** Identifies what is merged into each request, which may change answers; empty: nothing. */
  readonly extraVersion?: string;
  /** Called once, when the server reports far fewer input tokens than were sent. */
  readonly onInputCut?: (cut: CutInput) => void;
  /** A random delimiter for each call, which a transcript cannot contain by design. */
  readonly makeFence?: () => string;
}

/** A transcript this short is not the reason for an endless answer, or a full context. */
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
    shape: describeShape(taxonomy),
    schemaName: taxonomy.id.replace(/[^\w-]/g, '_').slice(0, 64),
    meterOf: createMeter({ model: client.model, costOf, budget, record: options.memory?.record }),
    watchInput: createInputWatch((cut) => options.onInputCut?.(cut)),
    emptyClassification: classifyNothing(taxonomy),
  };
  return {
    kind: 'llm',
    model: client.model.slice(0, maxModelChars),
    version: `llm-${promptVersion}/${client.model}/${taxonomy.version}${redacts ? '/redacted' : ''}${options.extraVersion ? `/${options.extraVersion}` : ''}`,
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
  let round: Round = { kept, total, halvings: kept?.halvings ?? 0 };
  for (;;) {
    try {
      return await classifyShown(setup, input, round);
    } catch (error) {
      if (!isHelpedByLess(error, transcript, round)) throw error;
      round = { kept: undefined, total, halvings: round.halvings + 1 };
    }
  }
}

type Round = Pick<ReplyRound, 'kept' | 'total' | 'halvings'>;

/** An endless answer costs two paid calls, so half of the transcript is tried once. A request that is too long costs nothing. */
function isHelpedByLess(error: unknown, transcript: string, { halvings }: Round): boolean {
  if (!(error instanceof AppError) || shownChars(transcript, halvings) <= minCharsToShorten) return false;
  return error.code === 'MODEL_INPUT_TOO_LONG' || (error.code === 'MODEL_REPLY_TRUNCATED' && halvings === 0);
}

function shownChars(transcript: string, halvings: number): number {
  return Math.floor(Math.min(transcript.length, maxReadChars) / 2 ** halvings);
}

async function classifyShown(setup: Setup, input: ClassifierInput, round: Round): Promise<Classification> {
  const { transcript, signal } = input;
  const maxChars = shownChars(transcript, round.halvings);
  const survey = await setup.reader.survey({ transcript, maxChars }, signal);
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
