/** Gets one usable reply for a transcript: from memory if it is there, else from the model, with one repair if the reply has faults. */
import { AppError } from '../../../core/errors.ts';
import { type ClassifierInput, type ModelUsage, type Probe, provesSomething } from '../classifier.ts';
import type { ChatClient, ChatReply, Meter } from './chat-client.ts';
import type { InputWatch } from './input-watch.ts';
import { type ChatMessage, writeRepairPrompt, writeUserPrompt } from './prompt.ts';
import type { Usage } from './providers/dialect.ts';
import { inputTooLong } from './providers/provider-fault.ts';
import type { Reader, Survey, WeighedReply } from './reader.ts';
import type { Redactor } from './redact.ts';
import type { KeptReply, ReplyMemory } from './reply-memory.ts';
import type { JsonSchema } from './reply-schema.ts';
import type { UsageTotal } from './usage-total.ts';

/** What all calls of a classifier have in common. */
export interface CallSetup {
  readonly client: ChatClient;
  readonly reader: Reader;
  readonly memory?: ReplyMemory;
  readonly costOf: (model: string, usage: Usage) => number | null;
  readonly meterOf: (meetingId: number | null) => Meter;
  readonly makeFence: () => string;
  readonly systemPrompt: string;
  readonly schema: JsonSchema;
  readonly schemaName: string;
  readonly shape: string;
  /** Called with each reply; absent for a test call. */
  readonly watchInput?: InputWatch;
}

/** One attempt with a part of the transcript. */
export interface ReplyRound {
  readonly kept: KeptReply | undefined;
  readonly total: UsageTotal;
  /** As in KeptReply. */
  readonly halvings: number;
  readonly survey: Survey;
  readonly excerpts: readonly string[];
  readonly redactor: Redactor;
}

/** The second limit is for an answer that was cut at the first one. */
const outputTokens = [4_096, 8_192] as const;

/** @throws AppError MODEL_*, DATABASE_* */
export async function obtainReply(setup: CallSetup, input: ClassifierInput, round: ReplyRound): Promise<WeighedReply> {
  const { survey, redactor } = round;
  // Replies of 0.1 may be blank; no provider takes a blank turn of the assistant in a repair.
  const kept = round.kept?.text.trim() === '' ? undefined : round.kept;
  const { transcript } = input;
  const weigh = ({ text }: KeptReply) => setup.reader.weigh({ transcript, survey, reply: redactor.show(text) });
  const keptWeighed = kept && (await weigh(kept));
  if (kept && isUsable(keptWeighed) && (kept.isRepair || keptWeighed.faults.length === 0)) return keptWeighed;

  const messages = writeMessages(setup, input, round);
  const first = kept && !kept.isRepair ? kept : await ask(setup, input, { ...round, messages, isRepair: false });
  const weighed = first === kept ? keptWeighed : await weigh(first);
  if (weighed?.faults.length === 0) return weighed;
  try {
    const repairMessages = [...messages, ...writeRepair(first, weighed, redactor)];
    const repaired = await weigh(await ask(setup, input, { ...round, messages: repairMessages, isRepair: true }));
    const isBetter = !isUsable(weighed) || (repaired && repaired.faults.length <= weighed.faults.length);
    if (isUsable(repaired) && isBetter) return repaired;
  } catch (error) {
    // If only the repair failed, the first reply is still usable except for a few values.
    if (!isUsable(weighed) || input.signal.aborted || !(error instanceof AppError) || !error.code.startsWith('MODEL_'))
      throw error;
  }
  if (isUsable(weighed)) return weighed;
  throw new AppError(
    'MODEL_REPLY_INVALID',
    `The model ${setup.client.model} answered twice without the JSON that was asked for (${first.text.length} characters at first). It is asked again later; another model may do better.`,
  );
}

/** A reply with faults that proves nothing is not an answer: its nulls would replace labels that were proven before. */
function isUsable(weighed: WeighedReply | undefined): weighed is WeighedReply {
  if (weighed === undefined) return false;
  return weighed.faults.length === 0 || provesSomething(weighed.classification);
}

function writeMessages(
  setup: CallSetup,
  { sellerPrompt }: ClassifierInput,
  { excerpts, redactor }: ReplyRound,
): readonly ChatMessage[] {
  const hint = sellerPrompt === null ? null : redactor.hide(sellerPrompt);
  return [
    { role: 'system', content: setup.systemPrompt },
    { role: 'user', content: writeUserPrompt(excerpts, { fence: setup.makeFence(), sellerPrompt: hint }) },
  ];
}

function writeRepair(
  { text }: KeptReply,
  weighed: WeighedReply | undefined,
  redactor: Redactor,
): readonly ChatMessage[] {
  const faults = weighed?.faults ?? ['it is not a JSON object of the shape that was described.'];
  return [
    { role: 'assistant', content: text },
    { role: 'user', content: writeRepairPrompt(faults.map((fault) => redactor.hide(fault))) },
  ];
}

interface Question extends ReplyRound {
  readonly messages: readonly ChatMessage[];
  readonly isRepair: boolean;
}

/** Calls the model, and stores the reply before it is used. */
async function ask(setup: CallSetup, { keepAs, signal }: ClassifierInput, question: Question): Promise<KeptReply> {
  const { client, schema, schemaName, shape } = setup;
  const { messages, isRepair, total, halvings } = question;
  const meter = setup.meterOf(keepAs?.meetingId ?? null);
  for (const maxOutputTokens of outputTokens) {
    const reply = await client.complete({ messages, schema, schemaName, shape, maxOutputTokens, signal, meter });
    const usage = priced(setup, reply);
    total.add(usage);
    const kept: KeptReply = { text: reply.text, isRepair, halvings, usage: total.read() ?? usage };
    await record(setup, reply, usage, keepAs && { ...kept, key: keepAs.key, meetingId: keepAs.meetingId });
    setup.watchInput?.(messages, reply);
    if (reply.end === 'whole') return kept;
    if (reply.end === 'full') throw inputTooLong(`The model ${client.model} at ${client.host}`);
    if (reply.end === 'refused') {
      const message = `The model ${client.model} at ${client.host} refuses to answer for this transcript. Look at the meeting.`;
      throw new AppError('MODEL_REFUSED_CONTENT', message);
    }
  }
  throw new AppError(
    'MODEL_REPLY_TRUNCATED',
    `The model ${client.model} did not finish its answer within ${outputTokens.at(-1)} tokens. It is asked again later; another model may do better.`,
  );
}

/** Writes one row per call, with the reply if it is complete. */
async function record(
  { memory }: CallSetup,
  { end, model }: ChatReply,
  usage: ModelUsage,
  kept: (KeptReply & { key: string; meetingId: number }) | undefined,
): Promise<void> {
  const outcome = end === 'whole' || end === 'refused' ? end : 'cut';
  if (kept === undefined) return memory?.record({ ...usage, meetingId: null, model, outcome });
  const { meetingId, ...reply } = kept;
  await memory?.record({ ...usage, meetingId, model, outcome, ...(end === 'whole' ? { reply } : {}) });
}

function priced({ costOf }: CallSetup, reply: ChatReply): ModelUsage {
  const { inputTokens, outputTokens, latencyMs, model } = reply;
  return { inputTokens, outputTokens, costUsd: costOf(model, reply), latencyMs };
}

/** Invented; a sales taxonomy finds several labels in it. */
const probeTranscript =
  'Vendedor: Gracias por su tiempo. Cliente: Tenemos una clínica dental y las recepcionistas viven pegadas al teléfono. ' +
  'Nos recomendó un colega. Necesitamos integrar la agenda esta semana, es urgente. Vendedor: Le envío la propuesta mañana.';

/** One call with an invented transcript, without a repair; the answer is read as any other. @throws AppError MODEL_* */
export async function probeModel(setup: CallSetup, signal: AbortSignal): Promise<Probe> {
  const { client, reader, schema, schemaName, shape } = setup;
  const survey = { segments: [{ start: 0, end: probeTranscript.length }], untrusted: [] };
  const messages: readonly ChatMessage[] = [
    { role: 'system', content: setup.systemPrompt },
    { role: 'user', content: writeUserPrompt([probeTranscript], { fence: setup.makeFence(), sellerPrompt: null }) },
  ];
  const meter = setup.meterOf(null);
  const reply = await client.complete({
    messages,
    schema,
    schemaName,
    shape,
    maxOutputTokens: outputTokens[0],
    signal,
    meter,
  });
  const usage = priced(setup, reply);
  await record(setup, reply, usage, undefined);
  const weighed = await reader.weigh({ transcript: probeTranscript, survey, reply: reply.text });
  return {
    ...usage,
    host: client.host,
    model: reply.model,
    refusedParts: client.refusedParts(),
    labels: weighed === undefined ? null : countLabels(weighed),
  };
}

function countLabels({ classification }: WeighedReply): number {
  return Object.values(classification.fields).filter(({ evidence }) => evidence.length > 0).length;
}
