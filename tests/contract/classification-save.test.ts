import { describeClassificationSave } from './classification-save.suite.ts';

describeClassificationSave('the embedded PostgreSQL');
