import { describeWorkerProcess } from './worker-process.suite.ts';

describeWorkerProcess('installed servers');
