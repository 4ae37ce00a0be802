/** What every classifier, offline or model, takes and gives. One contract suite runs against each of them. */

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
  /** What a model gave that is no value of the taxonomy, in its own words, shortened; the value is null then. */
  readonly raw?: string;
}

export interface Classification {
  /** By taxonomy field id; every field of the taxonomy is present. */
  readonly fields: Readonly<Record<string, FieldResult>>;
  readonly keyTopics: readonly string[];
  readonly actionItems: readonly string[];
  readonly nextSteps: string | null;
  readonly summary: string | null;
  /** Of the whole, 0 to 1. */
  readonly confidence: number;
  readonly truncated: boolean;
  readonly needsReview: boolean;
  /** What the model's calls took; absent where none was called. */
  readonly usage?: ModelUsage;
  /** Who answered, where it was not the classifier that was asked. */
  readonly answeredBy?: Pick<Classifier, 'kind' | 'model' | 'version'>;
}

/** null: not told, or no price is known. */
export interface ModelUsage {
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly costUsd: number | null;
  readonly latencyMs: number;
}

/** What a small call found. */
export interface Probe extends ModelUsage {
  readonly host: string;
  /** As it names itself. */
  readonly model: string;
  /** What it refuses of a request, so that it is asked without. */
  readonly refusedParts: readonly string[];
}

export interface ClassifierInput {
  readonly transcript: string;
  /** A seller's own hint; data for a model, unused offline. */
  readonly sellerPrompt: string | null;
  readonly signal: AbortSignal;
  /** Under which key a paid reply is kept and found again; absent where there is no meeting. */
  readonly keepAs?: { readonly key: string; readonly meetingId: number };
}

export interface Classifier {
  /** `offline` or `llm`: what runs.classifier holds. */
  readonly kind: string;
  /** What meetings_classifications.model_used holds, at most 100 characters. */
  readonly model: string;
  /** Everything besides transcript and seller's prompt that may change an answer: part of the input hash. */
  readonly version: string;
  /** What runs.prompt_version holds; absent where nothing is prompted. */
  readonly promptVersion?: string;
  /** Whether a repeated call costs money or time worth a claim. */
  readonly isPaid: boolean;
  classify(input: ClassifierInput): Promise<Classification>;
  /** Makes one small call; throws as `classify` where nobody can be served now. Absent where nobody has to be called. */
  probe?(signal: AbortSignal): Promise<Probe>;
  /** Lets go of what it holds; absent where it holds nothing. */
  close?(): Promise<unknown>;
}
