/**
 * What a model refuses of a request, learned from its refusals and shared by all calls of a process. Until the model has accepted
 * a request, one call goes first and the others wait for what it learns, so that a refusal costs one call instead of one a job.
 */
import { setTimeout as sleepFor } from 'node:timers/promises';
import type { Clock } from '../../../../core/clock.ts';
import { type Dialect, type Part, partsToSend } from '../providers/dialect.ts';

/** Keeps it for all processes and the next start. */
export interface RefusedPartsStore {
  /** undefined: nothing is known of this model. */
  read(): Promise<readonly string[] | undefined>;
  /** True: that was not known before. */
  save(names: readonly string[]): Promise<boolean>;
}

export interface RefusedPartsOptions {
  readonly dialect: Pick<Dialect, 'ladders'>;
  readonly clock: Clock;
  /** Absent: it is known to this process alone. */
  readonly store?: RefusedPartsStore;
  /** Called when the model accepted a request without these parts, unless the store knew them. */
  readonly onLearned?: (learned: LearnedParts) => void;
}

export interface LearnedParts {
  readonly refused: readonly string[];
  readonly sent: readonly string[];
}

export interface RefusedParts {
  /** Of this process, by name. */
  refused(): readonly string[];
  /** Before each call: waits while another call finds out. @throws the signal's reason when aborted */
  begin(signal: AbortSignal): Promise<PartsOfCall>;
}

export interface PartsOfCall {
  readonly parts: readonly Part[];
  /** The model answered. */
  accepted(): void;
  /** True: one of these parameters belongs to a part of this call, so that the next call goes without the part. */
  refused(parameters: readonly string[]): boolean;
  /** The call has ended, in whatever way. Called once. */
  end(): void;
}

/** A refusal comes before a model begins to write: after this long the first call was accepted, or its server is slow. */
const headStartMs = 3_000;
/** Also the life in the store: a model that takes more than it did is asked again. */
export const learnedLifeMs = 7 * 86_400_000;

export function createRefusedParts({ dialect, clock, store, onLearned }: RefusedPartsOptions): RefusedParts {
  const known = new Set(dialect.ladders.flat().map(({ name }) => name));
  let refused: ReadonlySet<string> = new Set();
  let parts = partsToSend(dialect, refused);
  let isAccepted = false;
  let reading: Promise<void> | undefined;
  let readMs = 0;
  /** Settles as the call that goes first ends; true: it was refused a part, and the next one goes first. */
  let exploring: Promise<boolean> | undefined;

  const use = (names: Iterable<string>) => {
    refused = new Set([...names].filter((name) => known.has(name)));
    parts = partsToSend(dialect, refused);
  };
  const readStore = async () => {
    readMs = clock.monotonicMs();
    // Where Redis does not answer, the model is asked.
    const names = await store?.read().catch(() => undefined);
    use(names ?? []);
    isAccepted = names !== undefined;
  };
  const accept = (accepted: readonly Part[]) => {
    if (isAccepted || accepted !== parts) return;
    isAccepted = true;
    const learned = { refused: [...refused].sort(), sent: parts.map(({ name }) => name) };
    const tell = (isNew: boolean) => {
      if (isNew && learned.refused.length > 0) onLearned?.(learned);
    };
    if (store === undefined) tell(true);
    else store.save(learned.refused).then(tell, () => tell(true));
  };
  const learn = (parameters: readonly string[], sent: readonly Part[]): boolean => {
    const found = sent.filter((part) => isOneOf(part, parameters));
    // A call that began before a part was refused may be refused for the same part.
    if (found.some(({ name }) => !refused.has(name))) {
      use([...refused, ...found.map(({ name }) => name)]);
      isAccepted = false;
    }
    return found.length > 0;
  };
  /** Claims the first turn, or waits for what the call learns that has it; `end` gives it back. */
  const takeTurn = async (signal: AbortSignal): Promise<Turn> => {
    const patience = isAccepted || exploring === undefined ? undefined : startPatience(signal);
    while (!isAccepted && exploring !== undefined && patience !== undefined) {
      const isRefused = await Promise.race([exploring, patience.over]);
      if (!isRefused) break;
    }
    patience?.stop();
    signal.throwIfAborted();
    const turn: Turn = { wasRefused: false, end() {} };
    // In the same step as the last look, so that one call alone claims it.
    if (isAccepted || exploring !== undefined) return turn;
    exploring = new Promise((resolve) => {
      turn.end = () => {
        exploring = undefined;
        resolve(turn.wasRefused);
      };
    });
    return turn;
  };

  return {
    refused: () => [...refused].sort(),
    async begin(signal) {
      if (reading === undefined || clock.monotonicMs() - readMs >= learnedLifeMs) reading = readStore();
      await reading;
      const turn = await takeTurn(signal);
      const ofCall = parts;
      return {
        parts: ofCall,
        accepted: () => accept(ofCall),
        refused(parameters) {
          turn.wasRefused = learn(parameters, ofCall);
          return turn.wasRefused;
        },
        end: () => turn.end(),
      };
    },
  };
}

interface Turn {
  wasRefused: boolean;
  end(): void;
}

/** `over` is false once the wait has taken long enough, or the signal is aborted. */
function startPatience(signal: AbortSignal): { over: Promise<boolean>; stop(): void } {
  const stopped = new AbortController();
  const over = sleepFor(headStartMs, false, { signal: AbortSignal.any([signal, stopped.signal]) }).catch(() => false);
  return { over, stop: () => stopped.abort() };
}

export function isOneOf(part: Part, parameters: readonly string[]): boolean {
  return part.parameters.some((parameter) => parameters.includes(parameter));
}
