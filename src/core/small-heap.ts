/** Keeps the heap of a worker process small from its import on, which is to be its first: what V8 has let grow by then stays as large. */
import { boundYoung, keepOldSmall } from './v8-flags.ts';

keepOldSmall();
boundYoung();
