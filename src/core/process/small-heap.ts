/** Keeps the heap of a worker process small. Import it first, because V8 does not shrink what has already grown. */
import { boundYoung, keepOldSmall } from './v8-flags.ts';

keepOldSmall();
boundYoung();
