/** Classifies transcripts by asking a model: ask, keep the raw reply, ground every value in the transcript. */
import { randomBytes } from 'node:crypto';
import { AppError } from '../../../core/errors.ts';
import type { Taxonomy } from '../../../models/taxonomy.ts';
import type { Classification, Classifier, ClassifierInput } from '../classifier.ts';
import { createProgram, type Program } from '../offline/program.ts';
import { readTranscript } from '../offline/reading.ts';
import type { Segment } from '../offline/tokens.ts';
import { chooseSegments } from '../offline/windows.ts';
import type { ChatClient, ChatReply } from './chat-client.ts';
import { createQuoteFinder } from './ground.ts';
import { type ChatMessage, promptVersion, writeRepairPrompt, writeSystemPrompt, writeUserPrompt } from './prompt.ts';
import { type ReadReply, readReply } from './read-reply.ts';
import { createRedactor, noRedactor, type Redactor } from './redact.ts';
import type { KeptReply, ReplyMemory } from './reply-memory.ts';
import { makeReplySchema } from './reply-schema.ts';
import { weighReply } from './weigh-reply.ts';

export interface LlmClassifierOptions {
  readonly taxonomy: Taxonomy;
  readonly client: ChatClient;
  /** Absent where there is no database, as for a bare file: nothing is kept. */
  readonly memory?: ReplyMemory;
  /** True: personal data is masked before anything leaves. */
  readonly redacts: boolean;
  /** A word that no transcript can know, new for each call. */
  readonly makeFence?: () => string;
}

/** failure-matrix, Bounds; the second where the first did not suffice. */
const outputTokens = [4_096, 8_192] as const;
/** What meetings_classifications.model_used takes. */
const maxModelChars = 100;
const edgeNumbers = /^[\d\s().,/+-]+|[\d\s().,/+-]+$/g;

/** @throws AppError LLM_* from `classify`; DATABASE_* where a reply cannot be kept */
export function createLlmClassifier(options: LlmClassifierOptions): Classifier {
  const { taxonomy, client, redacts } = options;
  const setup: Setup = {
    ...options,
    makeFence: options.makeFence ?? (() => randomBytes(12).toString('hex')),
    program: createProgram(taxonomy),
    systemPrompt: writeSystemPrompt(taxonomy),
    schema: makeReplySchema(taxonomy),
    schemaName: taxonomy.id.replace(/[^\w-]/g, '_').slice(0, 64),
  };
  return {
    kind: 'llm',
    model: client.model.slice(0, maxModelChars),
    version: `llm-${promptVersion}/${client.model}/${taxonomy.version}${redacts ? '/redacted' : ''}`,
    promptVersion,
    isPaid: true,
    classify: (input) => classify(setup, input),
  };
}

interface Setup extends LlmClassifierOptions {
  readonly makeFence: () => string;
  readonly program: Program;
  readonly systemPrompt: string;
  readonly schema: ReturnType<typeof makeReplySchema>;
  readonly schemaName: string;
}

async function classify(setup: Setup, input: ClassifierInput): Promise<Classification> {
  const { taxonomy, program } = setup;
  const { transcript, signal } = input;
  signal.throwIfAborted();
  // Nobody is asked what silence means.
  if (!/[\p{L}\p{N}]/u.test(transcript)) return weighNothing(taxonomy);
  const segments = await chooseSegments(program, transcript, signal);
  const truncated = segments.length > 1;
  const redactor = setup.redacts ? createRedactor([transcript, input.sellerPrompt ?? '']) : noRedactor;
  const excerpts = segments.map(({ start, end }) => {
    const excerpt = transcript.slice(start, end);
    // A number that the cut parted would not be known for what it is.
    return redactor.hide(truncated ? excerpt.replace(edgeNumbers, '') : excerpt);
  });
  const reply = await obtainReply(setup, input, { excerpts, redactor });
  const untrusted = findOrders(program, transcript, segments);
  return weighReply(reply, { taxonomy, findQuote: createQuoteFinder(transcript, { segments, untrusted }), truncated });
}

interface Material {
  readonly excerpts: readonly string[];
  readonly redactor: Redactor;
}

/** From memory where it is there, else from the model; a reply with faults is repaired once. */
async function obtainReply(setup: Setup, input: ClassifierInput, { excerpts, redactor }: Material): Promise<ReadReply> {
  const { taxonomy, memory, makeFence } = setup;
  const read = ({ text }: KeptReply) => readReply(redactor.show(text), taxonomy);
  const kept = input.keepAs && (await memory?.find(input.keepAs.key));
  const keptRead = kept && read(kept);
  if (kept && keptRead && (kept.isRepair || keptRead.faults.length === 0)) return keptRead;

  const sellerPrompt = input.sellerPrompt === null ? null : redactor.hide(input.sellerPrompt);
  const messages: readonly ChatMessage[] = [
    { role: 'system', content: setup.systemPrompt },
    { role: 'user', content: writeUserPrompt(excerpts, { fence: makeFence(), sellerPrompt }) },
  ];
  const first = kept && !kept.isRepair ? kept : await ask(setup, input, messages, false);
  const firstRead = read(first);
  if (firstRead?.faults.length === 0) return firstRead;
  const faults = firstRead?.faults ?? ['it is not a JSON object of the shape that was described.'];
  try {
    const repaired = await ask(
      setup,
      input,
      [
        ...messages,
        { role: 'assistant', content: first.text },
        { role: 'user', content: writeRepairPrompt(faults.map((fault) => redactor.hide(fault))) },
      ],
      true,
    );
    const repairedRead = read(repaired);
    if (repairedRead && (!firstRead || repairedRead.faults.length <= firstRead.faults.length)) return repairedRead;
  } catch (error) {
    // A reply that can be used but for a few values is not given up because the second could not be had.
    if (!firstRead || input.signal.aborted || !(error instanceof AppError) || !error.code.startsWith('LLM_'))
      throw error;
  }
  if (firstRead) return firstRead;
  throw new AppError(
    'LLM_REPLY_INVALID',
    `The model ${setup.client.model} answered twice without the JSON that was asked for (${first.text.length} characters at first). It is asked again later; another model may do better.`,
  );
}

/** Asks and keeps what comes before anything else is done with it. */
async function ask(
  { client, memory, schema, schemaName }: Setup,
  { keepAs, signal }: ClassifierInput,
  messages: readonly ChatMessage[],
  isRepair: boolean,
): Promise<KeptReply> {
  let reply: ChatReply | undefined;
  for (const maxOutputTokens of outputTokens) {
    reply = await client.complete({ messages, schema, schemaName, maxOutputTokens, signal });
    if (reply.isWhole) break;
  }
  if (!reply?.isWhole) {
    throw new AppError(
      'LLM_REPLY_TRUNCATED',
      `The model ${client.model} did not finish its answer within ${outputTokens.at(-1)} tokens. It is asked again later; another model may do better.`,
    );
  }
  const { text, inputTokens, outputTokens: outputCount, latencyMs } = reply;
  if (keepAs && memory) {
    const model = reply.model === '' ? client.model : reply.model;
    await memory.keep({ ...keepAs, text, isRepair, model, inputTokens, outputTokens: outputCount, latencyMs });
  }
  return { text, isRepair };
}

function weighNothing(taxonomy: Taxonomy): Classification {
  const silent: ReadReply = { fields: {}, keyTopics: [], actionItems: [], nextSteps: null, summary: null, faults: [] };
  return weighReply(silent, { taxonomy, findQuote: () => undefined, truncated: false });
}

/** Sentences that speak to the machine, by the taxonomy's own cues: no quote from them proves anything. */
function findOrders(program: Program, transcript: string, segments: readonly Segment[]): Segment[] {
  const reading = readTranscript(program, transcript, segments);
  return (reading.marks.get('order') ?? []).flatMap(({ first }) => {
    const sentence = reading.sentences[reading.tokens[first]?.sentence ?? -1];
    const from = sentence && reading.tokens[sentence.first];
    const to = sentence && reading.tokens[sentence.last];
    return from && to ? [{ start: from.start, end: to.end }] : [];
  });
}
