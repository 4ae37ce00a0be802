import { describeJobLedger } from './job-ledger.suite.ts';

describeJobLedger('the embedded PostgreSQL');
