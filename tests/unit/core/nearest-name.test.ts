import { describe, expect, it } from 'vitest';
import { didYouMean, nearestName } from '../../../src/core/nearest-name.ts';

const names = ['classify_meeting', 'core.tasks.classify_meeting_task', 'health_check', 'add'];

describe('the name that was probably meant', () => {
  it.each([
    ['clasify_meeting', 'classify_meeting'],
    ['Classify_Meeting', 'classify_meeting'],
    ['healthcheck', 'health_check'],
    ['meeting', 'classify_meeting'],
    ['ad', 'add'],
  ])('for %s is %s', (given, name) => expect(nearestName(given, names)).toBe(name));

  it.each(['frobnicate', 'xyz', ''])('for "%s" is none', (given) => expect(nearestName(given, names)).toBeUndefined());
});

describe('did you mean', () => {
  it('follows a sentence, and says nothing where no name is near or it is the name itself', () => {
    expect(didYouMean('ad', names)).toBe(' Did you mean add?');
    expect(didYouMean('frobnicate', names)).toBe('');
    expect(didYouMean('add', names)).toBe('');
  });
});
