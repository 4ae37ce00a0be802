import { describeClassificationSave } from './classification-save.suite.ts';

describeClassificationSave('an installed PostgreSQL');
