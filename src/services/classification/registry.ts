/**
 * The classifiers by name. To add one, write a file with its definition and list it here; then add the name to the setting CLASSIFIER
 * (config/schema.ts). `vambe eval --compare` accepts every name of this list.
 */
import type { ClassifierDefinition } from './classifier-definition.ts';
import { llmDefinition } from './model/llm-definition.ts';
import { offlineDefinition } from './rules/offline-definition.ts';

export const classifiers = {
  offline: offlineDefinition,
  llm: llmDefinition,
} satisfies Record<string, ClassifierDefinition>;

export type ClassifierName = keyof typeof classifiers;

export const classifierNames = Object.keys(classifiers) as readonly ClassifierName[];

export function isClassifierName(name: string): name is ClassifierName {
  return Object.hasOwn(classifiers, name);
}
