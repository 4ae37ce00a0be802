import { describeWorkerResults } from './worker-results.suite.ts';

describeWorkerResults('installed servers');
