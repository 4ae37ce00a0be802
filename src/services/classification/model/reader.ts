/** Reads a transcript before the model is called, and the model's reply afterwards. Pure work; threaded-reader.ts runs it in a thread. */
import type { Taxonomy } from '../../../models/taxonomy.ts';
import type { Classification } from '../classifier.ts';
import { type CompiledCues, createProgram, type Program } from '../rules/program.ts';
import { countEvidence } from '../rules/reading.ts';
import type { Segment } from '../text/tokens.ts';
import { chooseSegments } from '../text/windows.ts';
import { createOrderFinder } from './find-orders.ts';
import { createQuoteFinder } from './quotes.ts';
import { createReplyReader } from './read-reply.ts';
import { createReplyWeigher } from './weigh-reply.ts';

export interface ToSurvey {
  readonly transcript: string;
  /** Characters that the model is shown at most. */
  readonly maxChars: number;
}

export interface Survey {
  /** Segments to show to the model; one if the whole transcript is shown. */
  readonly segments: readonly Segment[];
  /** Instructions to the machine: not shown, and no evidence. */
  readonly untrusted: readonly Segment[];
}

export interface ToWeigh {
  readonly transcript: string;
  readonly survey: Survey;
  /** The model's text, with redacted values restored. */
  readonly reply: string;
}

export interface WeighedReply {
  readonly classification: Classification;
  /** As in ReadReply: written for the model; never log or show them. */
  readonly faults: readonly string[];
}

export interface Reader {
  survey(question: ToSurvey, signal: AbortSignal): Promise<Survey>;
  /** undefined: the reply contains no JSON object with a field of the taxonomy. */
  weigh(question: ToWeigh): Promise<WeighedReply | undefined>;
  /** Absent if there is nothing to release. */
  close?(): Promise<unknown>;
}

/** A reader in this thread. `compiled`: the taxonomy's cues, if the build has compiled them. */
export function createReader(taxonomy: Taxonomy, compiled?: CompiledCues): Reader {
  const findOrders = createOrderFinder(taxonomy);
  const readReply = createReplyReader(taxonomy);
  const weighReply = createReplyWeigher(taxonomy);
  /** Created when first needed: only transcripts that are too long need the cues of all fields. */
  let program: Program | undefined;
  const countCues = (transcript: string, segment: Segment): number => {
    program ??= createProgram(taxonomy, compiled);
    return countEvidence(program, transcript, segment);
  };
  return {
    async survey({ transcript, maxChars }, signal) {
      const segments = await chooseSegments(transcript, {
        countEvidence: (segment) => countCues(transcript, segment),
        signal,
        maxChars,
      });
      return { segments, untrusted: findOrders(transcript, segments) };
    },
    async weigh({ transcript, survey, reply }) {
      const read = readReply(reply);
      if (read === undefined) return undefined;
      const findQuote = createQuoteFinder(transcript, survey);
      return {
        classification: weighReply(read, { findQuote, truncated: survey.segments.length > 1 }),
        faults: read.faults,
      };
    },
  };
}
