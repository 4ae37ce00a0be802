import { describeWorkerResults } from './worker-results.suite.ts';

describeWorkerResults('the embedded servers');
