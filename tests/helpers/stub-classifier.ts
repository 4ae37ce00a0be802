/** A classifier that a test steers: it counts its calls, may wait for a gate, and answers what it is told. */
import type {
  Classification,
  Classifier,
  ClassifierInput,
  FieldResult,
} from '../../src/services/classification/classifier.ts';

export interface StubClassifier extends Classifier {
  readonly calls: readonly ClassifierInput[];
}

export interface StubOptions {
  readonly isPaid?: boolean;
  readonly version?: string;
  readonly model?: string;
  /** Runs in each call before the answer; what it throws, the classifier throws. */
  readonly before?: (input: ClassifierInput, call: number) => Promise<void> | void;
  readonly answer?: (input: ClassifierInput, call: number) => Partial<Classification>;
}

export function createStubClassifier(options: StubOptions = {}): StubClassifier {
  const calls: ClassifierInput[] = [];
  return {
    kind: 'stub',
    model: options.model ?? 'stub-1',
    version: options.version ?? 'stub-1/tests',
    isPaid: options.isPaid ?? false,
    calls,
    async classify(input) {
      calls.push(input);
      const call = calls.length;
      await options.before?.(input, call);
      return makeClassification(options.answer?.(input, call));
    },
  };
}

export function fieldOf(value: FieldResult['value'], confidence = 0.8): FieldResult {
  return { value, confidence, evidence: [] };
}

export function makeClassification(partial: Partial<Classification> = {}): Classification {
  return {
    fields: { business_sector: fieldOf('healthcare'), language: fieldOf('es'), urgency: fieldOf(true) },
    keyTopics: ['agenda'],
    actionItems: ['Enviar propuesta'],
    nextSteps: 'Enviar propuesta mañana',
    summary: 'Una clínica quiere integrar su agenda.',
    confidence: 0.8,
    truncated: false,
    needsReview: false,
    ...partial,
  };
}

/** A door that calls wait at until it is opened. */
export function createGate(): { wait(signal?: AbortSignal): Promise<void>; open(): void; readonly waiting: number } {
  let open: () => void = () => undefined;
  let waiting = 0;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return {
    get waiting() {
      return waiting;
    },
    async wait(signal) {
      waiting += 1;
      const aborted = new Promise<never>((_resolve, reject) => {
        signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
      });
      aborted.catch(() => undefined);
      await Promise.race([opened, aborted]);
      waiting -= 1;
    },
    open: () => open(),
  };
}
