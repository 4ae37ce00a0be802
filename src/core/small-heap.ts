/**
 * Keeps the heap of a worker process small from its import on, which is to be its first: what V8 has let grow by then stays as
 * large. Both flags as `node --v8-options` tells them.
 */
import { setFlagsFromString } from 'node:v8';

/** A small heap may grow fourfold before V8 looks for what outlived its batch: 100 MB of garbage. A fifth costs about one percent of the time. */
setFlagsFromString('--heap-growing-percent=20');
keepYoungSmall();

/** Hundreds of answers of a model that are awaited at once outlive many small collections, each of which copies them: a third more meetings a second, for 80 MB. */
export function letHeapGrow(): void {
  setFlagsFromString('--heap-growing-percent=150');
  setFlagsFromString('--semi-space-growth-factor=2');
}

/** Young objects keep the few megabytes that loading took, in place of 32. V8 resets this flag whenever a thread begins. */
export function keepYoungSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}
