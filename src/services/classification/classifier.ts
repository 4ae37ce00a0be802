/** The interface of every classifier, offline or model. One contract suite tests all of them. */

/** A passage of the transcript: `transcript.slice(start, end) === quote`, offsets in UTF-16 code units. */
export interface Evidence {
  readonly quote: string;
  readonly start: number;
  readonly end: number;
}

export interface Quantity {
  readonly count: number;
  readonly period: string;
  readonly approx: boolean;
}

/** null is an answer: the text does not say. */
export type FieldValue = string | boolean | readonly string[] | Quantity | null;

export interface FieldResult {
  readonly value: FieldValue;
  /** 0 to 1; 0 where value is null. */
  readonly confidence: number;
  readonly evidence: readonly Evidence[];
  /** A model's value that is not in the taxonomy, shortened; `value` is null then. */
  readonly raw?: string;
}

export interface Classification {
  /** By field id; contains every field of the taxonomy. */
  readonly fields: Readonly<Record<string, FieldResult>>;
  readonly keyTopics: readonly string[];
  readonly actionItems: readonly string[];
  readonly nextSteps: string | null;
  readonly summary: string | null;
  /** Of the whole, 0 to 1. */
  readonly confidence: number;
  readonly truncated: boolean;
  readonly needsReview: boolean;
  /** Why a person should look at it, where it is not the confidence; `speakers_unknown`: seller and client cannot be told apart. */
  readonly reviewReason?: 'speakers_unknown';
  /** Tokens, cost and time of the model calls; absent if there were none. */
  readonly usage?: ModelUsage;
  /** The fallback that answered instead of the classifier. */
  readonly answeredBy?: Pick<Classifier, 'kind' | 'model' | 'version'>;
}

export function provesSomething({ fields }: Pick<Classification, 'fields'>): boolean {
  return Object.values(fields).some(({ evidence }) => evidence.length > 0);
}

/** null: not reported, or no price is known. */
export interface ModelUsage {
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly costUsd: number | null;
  readonly latencyMs: number;
}

/** The result of a test call. */
export interface Probe extends ModelUsage {
  readonly host: string;
  /** The model's own name for itself. */
  readonly model: string;
  /** Request parts that it refuses; requests are sent without them. */
  readonly refusedParts: readonly string[];
  /** The labels with a quote in the test transcript; null: the answer could not be read. */
  readonly labels: number | null;
}

export interface ClassifierInput {
  readonly transcript: string;
  /** The seller's hint: data for a model, unused offline. */
  readonly sellerPrompt: string | null;
  readonly signal: AbortSignal;
  /** The key under which a paid reply is kept; absent without a meeting. */
  readonly keepAs?: { readonly key: string; readonly meetingId: number };
}

export interface Classifier {
  /** Stored in runs.classifier: `offline` or `llm`. */
  readonly kind: string;
  /** Stored in meetings_classifications.model_used: at most 100 characters. */
  readonly model: string;
  /** Changes whenever answers may change for the same transcript and seller's prompt; part of the input hash. */
  readonly version: string;
  /** Stored in runs.prompt_version; absent without a prompt. */
  readonly promptVersion?: string;
  /** Whether a repeated call costs enough money or time to prevent it with a claim. */
  readonly isPaid: boolean;
  classify(input: ClassifierInput): Promise<Classification>;
  /** Makes one test call; throws like `classify` if the model is unavailable. Absent if there is no model. */
  probe?(signal: AbortSignal): Promise<Probe>;
  /** Releases threads and the like; absent if there is nothing to release. */
  close?(): Promise<unknown>;
}
