/**
 * Learns which parts of a request a model refuses, and shares it between all calls of a process. Until the model has accepted a request,
 * one call explores and the others wait for its result, so that a refusal costs one call and not one per job.
 */
import { setTimeout as sleepFor } from 'node:timers/promises';
import type { Clock } from '../../../../core/clock.ts';
import { type Dialect, type Part, partsToSend } from '../providers/dialect.ts';

/** Shared by all processes, and kept for the next start. */
export interface RefusedPartsStore {
  /** undefined: nothing is known about this model. */
  read(): Promise<readonly string[] | undefined>;
  /** Returns whether the names are new. */
  save(names: readonly string[]): Promise<boolean>;
}

export interface RefusedPartsOptions {
  readonly dialect: Pick<Dialect, 'ladders'>;
  readonly clock: Clock;
  /** Absent: known to this process only. */
  readonly store?: RefusedPartsStore;
  /** Called when the model accepts a request without these parts, unless the store already had them. */
  readonly onLearned?: (learned: LearnedParts) => void;
}

export interface LearnedParts {
  readonly refused: readonly string[];
  readonly sent: readonly string[];
}

export interface RefusedParts {
  /** Names of the parts that this process leaves out. */
  refused(): readonly string[];
  /** Called before each call; waits while another call explores. @throws the signal's reason when aborted */
  begin(signal: AbortSignal): Promise<PartsOfCall>;
}

export interface PartsOfCall {
  readonly parts: readonly Part[];
  /** The model accepted the request. */
  accepted(): void;
  /** Returns whether one of these parameters belongs to a part of this call; the next call is sent without that part. */
  refused(parameters: readonly string[]): boolean;
  /** The call has ended, with or without success. Called once. */
  end(): void;
}

/** A refusal arrives before the model writes: after this time the exploring call was accepted, or its server is slow. */
const maxExploreWaitMs = 3_000;
/** Also the lifetime in the store: after it the refused parts are tried again, because models change. */
export const learnedLifeMs = 7 * 86_400_000;

export function createRefusedParts(options: RefusedPartsOptions): RefusedParts {
  const { clock, store } = options;
  const knowledge = createKnowledge(options);
  const exploration = createExploration(knowledge);
  let reading: Promise<void> | undefined;
  let readMs = 0;

  const readStore = async () => {
    readMs = clock.monotonicMs();
    // If Redis does not answer, the model is asked.
    knowledge.replace(await store?.read().catch(() => undefined));
  };
  return {
    refused: () => knowledge.refused(),
    async begin(signal) {
      if (reading === undefined || clock.monotonicMs() - readMs >= learnedLifeMs) reading = readStore();
      await reading;
      const turn = await exploration.takeTurn(signal);
      const parts = knowledge.parts();
      return {
        parts,
        accepted: () => knowledge.accept(parts),
        refused(parameters) {
          turn.wasRefused = knowledge.learn(parameters, parts);
          return turn.wasRefused;
        },
        end: () => turn.end(),
      };
    },
  };
}

interface Knowledge {
  refused(): readonly string[];
  parts(): readonly Part[];
  /** Whether the model has accepted a request with these parts. */
  isAccepted(): boolean;
  /** @param names undefined: nothing is known */
  replace(names: readonly string[] | undefined): void;
  accept(parts: readonly Part[]): void;
  /** Returns whether one of the parameters belongs to a part that was sent. */
  learn(parameters: readonly string[], sent: readonly Part[]): boolean;
}

function createKnowledge({ dialect, store, onLearned }: RefusedPartsOptions): Knowledge {
  const known = new Set(dialect.ladders.flat().map(({ name }) => name));
  let refused: ReadonlySet<string> = new Set();
  let parts = partsToSend(dialect, refused);
  let isAccepted = false;

  const use = (names: Iterable<string>) => {
    refused = new Set([...names].filter((name) => known.has(name)));
    parts = partsToSend(dialect, refused);
  };
  return {
    refused: () => [...refused].sort(),
    parts: () => parts,
    isAccepted: () => isAccepted,
    replace(names) {
      use(names ?? []);
      isAccepted = names !== undefined;
    },
    accept(accepted) {
      if (isAccepted || accepted !== parts) return;
      isAccepted = true;
      const learned = { refused: [...refused].sort(), sent: parts.map(({ name }) => name) };
      const report = (isNew: boolean) => {
        if (isNew && learned.refused.length > 0) onLearned?.(learned);
      };
      if (store === undefined) report(true);
      else store.save(learned.refused).then(report, () => report(true));
    },
    learn(parameters, sent) {
      const found = sent.filter((part) => isOneOf(part, parameters));
      // A call that began before a part was refused may be refused for the same part.
      if (found.some(({ name }) => !refused.has(name))) {
        use([...refused, ...found.map(({ name }) => name)]);
        isAccepted = false;
      }
      return found.length > 0;
    },
  };
}

interface Turn {
  wasRefused: boolean;
  end(): void;
}

/** Lets one call explore at a time until the model has accepted a request. */
function createExploration({ isAccepted }: Knowledge): { takeTurn(signal: AbortSignal): Promise<Turn> } {
  /** Settles when the exploring call ends; true: the model refused a part, so the next call explores. */
  let exploring: Promise<boolean> | undefined;
  return {
    async takeTurn(signal) {
      const patience = isAccepted() || exploring === undefined ? undefined : startPatience(signal);
      while (!isAccepted() && exploring !== undefined && patience !== undefined) {
        const isRefused = await Promise.race([exploring, patience.over]);
        if (!isRefused) break;
      }
      patience?.stop();
      signal.throwIfAborted();
      const turn: Turn = { wasRefused: false, end() {} };
      // Checked and claimed without an await in between, so only one call explores.
      if (isAccepted() || exploring !== undefined) return turn;
      exploring = new Promise((resolve) => {
        turn.end = () => {
          exploring = undefined;
          resolve(turn.wasRefused);
        };
      });
      return turn;
    },
  };
}

/** `over` resolves to false when the wait has taken too long, or the signal is aborted. */
function startPatience(signal: AbortSignal): { over: Promise<boolean>; stop(): void } {
  const stopped = new AbortController();
  const over = sleepFor(maxExploreWaitMs, false, { signal: AbortSignal.any([signal, stopped.signal]) }).catch(
    () => false,
  );
  return { over, stop: () => stopped.abort() };
}

export function isOneOf(part: Part, parameters: readonly string[]): boolean {
  return part.parameters.some((parameter) => parameters.includes(parameter));
}
