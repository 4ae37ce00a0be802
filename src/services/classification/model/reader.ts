/** What is read of a transcript before a model is asked, and of its reply afterwards. Pure work: threaded-reader.ts does it beside the event loop. */
import type { Taxonomy } from '../../../models/taxonomy.ts';
import type { Classification } from '../classifier.ts';
import { type CompiledCues, createProgram, type Program } from '../rules/program.ts';
import type { Segment } from '../text/tokens.ts';
import { chooseSegments } from '../text/windows.ts';
import { createOrderFinder } from './find-orders.ts';
import { createQuoteFinder } from './quotes.ts';
import { createReplyReader } from './read-reply.ts';
import { weighReply } from './weigh-reply.ts';

export interface ToSurvey {
  readonly transcript: string;
  /** Characters that a model is shown at most. */
  readonly maxChars: number;
}

export interface Survey {
  /** Stretches that are shown: one where the transcript is shown whole. */
  readonly segments: readonly Segment[];
  /** Stretches that speak to the machine: neither shown nor evidence. */
  readonly untrusted: readonly Segment[];
}

export interface ToWeigh {
  readonly transcript: string;
  readonly survey: Survey;
  /** As the model wrote it, what was redacted put back. */
  readonly reply: string;
}

export interface WeighedReply {
  readonly classification: Classification;
  /** As of a ReadReply: in words for the model, and for nobody else. */
  readonly faults: readonly string[];
}

export interface Reader {
  survey(question: ToSurvey, signal: AbortSignal): Promise<Survey>;
  /** undefined: no JSON object with a field of the taxonomy can be found in the reply. */
  weigh(question: ToWeigh): Promise<WeighedReply | undefined>;
  /** Absent where it holds nothing. */
  close?(): Promise<unknown>;
}

/** Reads in this thread; `compiled`: the taxonomy's cues, where the build has compiled them. */
export function createReader(taxonomy: Taxonomy, compiled?: CompiledCues): Reader {
  const findOrders = createOrderFinder(taxonomy);
  const readReply = createReplyReader(taxonomy);
  /** Only what is too long to be shown whole needs the cues of all fields. */
  let program: Program | undefined;
  const chooseShown = ({ transcript, maxChars }: ToSurvey, signal: AbortSignal) => {
    if (transcript.length <= maxChars) return [{ start: 0, end: transcript.length }];
    program ??= createProgram(taxonomy, compiled);
    return chooseSegments(program, transcript, signal, maxChars);
  };
  return {
    async survey(question, signal) {
      const segments = await chooseShown(question, signal);
      return { segments, untrusted: findOrders(question.transcript, segments) };
    },
    async weigh({ transcript, survey, reply }) {
      const read = readReply(reply);
      if (read === undefined) return undefined;
      const findQuote = createQuoteFinder(transcript, survey);
      const classification = weighReply(read, { taxonomy, findQuote, truncated: survey.segments.length > 1 });
      return { classification, faults: read.faults };
    },
  };
}
