import { describeWorkerJobs } from './worker-jobs.suite.ts';

describeWorkerJobs('installed servers');
