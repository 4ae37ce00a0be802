import { expect, it } from 'vitest';
import { settings } from '../../../../src/config/schema.ts';
import { classifierNames, isClassifierName } from '../../../../src/services/classification/registry.ts';

it('CLASSIFIER accepts every registered classifier, and auto', () => {
  for (const name of [...classifierNames, 'auto']) expect(settings.classifier.schema.parse(name), name).toBe(name);
});

it('knows its names and no others', () => {
  expect(classifierNames).toEqual(['offline', 'llm']);
  expect([...classifierNames, 'auto', 'toString'].filter(isClassifierName)).toEqual(classifierNames);
});
