/** V8 flags for a worker, set at run time. `node --v8-options` describes them. */
import { setFlagsFromString } from 'node:v8';

/** By default a small heap grows fourfold before V8 collects old objects: 100 MB of garbage. A fifth of that costs about 1 % of the time. */
export function keepOldSmall(): void {
  setFlagsFromString('--heap-growing-percent=20');
}

let youngGrowthFactor = 1;

/** Young objects keep the few megabytes that loading took, in place of 32, unless `letHeapGrow` was called. V8 resets this flag whenever a thread begins. */
export function boundYoung(): void {
  setFlagsFromString(`--semi-space-growth-factor=${youngGrowthFactor}`);
}

/** With hundreds of pending model calls, small collections would copy the same live objects many times. Costs 90 MB with 512 concurrent calls. */
export function letHeapGrow(): void {
  youngGrowthFactor = 2;
  boundYoung();
  setFlagsFromString('--heap-growing-percent=150');
}

/**
 * For a worker that waits more than it computes, including its threads: reduces inlining in compiled functions. That saved 3 to 11 %
 * of the processor time over the first 4,096 jobs, and made no measurable difference over 40,000.
 */
export function inlineLess(): void {
  setFlagsFromString('--max-inlined-bytecode-size-cumulative=200');
}
