import { readFileSync } from 'node:fs';
import { loadTaxonomy } from '../../../../../src/models/taxonomy.ts';
import { createOfflineClassifier } from '../../../../../src/services/classification/rules/offline-classifier.ts';
import { describeClassifier } from '../../../../contract/classifier-suite.ts';

const taxonomy = loadTaxonomy(readFileSync('taxonomies/sales-meeting.yaml', 'utf8'), 'sales-meeting.yaml');
const classifier = createOfflineClassifier(taxonomy);

describeClassifier({ name: 'offline', taxonomy, create: () => classifier });
