/**
 * Saves a broker that cannot save in the background (WebAssembly has no fork). While saves fail, the broker refuses
 * writes: it would lose them at the next stop without any error.
 */
import type { Report } from '../supervise.ts';

export interface SaveTarget {
  ask(...words: string[]): Promise<string>;
  /** Called before and after a save; the broker answers nothing else meanwhile. */
  onSaving(isSaving: boolean): void;
  readonly report: Report;
  /** `maxmemory` while saves succeed. */
  readonly maxMemory: string;
  /** Monotonic clock in milliseconds. */
  now(): number;
}

const saveEveryMs = 5_000;
/** A save blocks all other work, so saves may take at most a tenth of the time. */
const pausePerSave = 10;
const reportEveryMs = 60_000;

export class SaveSchedule {
  readonly #target: SaveTarget;
  #running: Promise<boolean> | undefined;
  #lastSaveMs = 0;
  #isClosed = false;
  #reportedAt = Number.NEGATIVE_INFINITY;

  constructor(target: SaveTarget) {
    this.#target = target;
  }

  /** How long to wait until the next save. */
  get delayMs(): number {
    return Math.max(saveEveryMs, this.#lastSaveMs * pausePerSave);
  }

  /** Saves if something changed since the last save; false when that failed. Concurrent calls share one save. */
  save(): Promise<boolean> {
    this.#running ??= this.#saveOnce().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #saveOnce(): Promise<boolean> {
    const { ask, onSaving, now } = this.#target;
    const info = await ask('INFO', 'persistence');
    if (/rdb_changes_since_last_save:0\r/.test(info)) return true;
    onSaving(true);
    const startedAt = now();
    const reply = await ask('SAVE');
    this.#lastSaveMs = now() - startedAt;
    onSaving(false);
    if (reply === '+OK') await this.#succeeded();
    else await this.#failed(reply);
    return reply === '+OK';
  }

  /** The broker refuses writes that need memory with OOM, as when it is full. Reads and deletes still work. */
  async #failed(reply: string): Promise<void> {
    const { ask, report, now } = this.#target;
    if (!this.#isClosed) await ask('CONFIG', 'SET', 'maxmemory', '1');
    this.#isClosed = true;
    if (now() - this.#reportedAt < reportEveryMs) return;
    this.#reportedAt = now();
    report('broker.save_failed', {
      reason: reply,
      effect: 'the broker refuses writes until a save succeeds',
      action: 'make room on the disk, or see redis.log in the data folder',
    });
  }

  async #succeeded(): Promise<void> {
    const { ask, report, maxMemory } = this.#target;
    if (!this.#isClosed) return;
    await ask('CONFIG', 'SET', 'maxmemory', maxMemory);
    this.#isClosed = false;
    this.#reportedAt = Number.NEGATIVE_INFINITY;
    report('broker.save_succeeded', { effect: 'the broker takes writes again' });
  }
}
