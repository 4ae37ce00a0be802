import { describeExistingDatabase } from './existing-database.suite.ts';

describeExistingDatabase('the embedded servers');
