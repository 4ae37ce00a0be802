import { describeWorkerProcess } from './worker-process.suite.ts';

describeWorkerProcess('the embedded servers');
