import { describeWorkerJobs } from './worker-jobs.suite.ts';

describeWorkerJobs('the embedded servers');
