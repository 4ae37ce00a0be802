import { describeJobLedger } from './job-ledger.suite.ts';

describeJobLedger('an installed PostgreSQL');
