import { describe, expect, it } from 'vitest';
import { examineNode } from '../../../../src/services/observe/examine.ts';

describe('the version of Node.js', () => {
  it.each(['20.19.0', '22.0.0', '24.1.3'])('%s is new enough', (version) => {
    expect(examineNode(version)).toMatchObject({ part: 'Node.js', fault: null });
  });

  it.each(['18.20.0', '20.18.9'])('%s is too old, with what to do', (version) => {
    expect(examineNode(version)).toMatchObject({
      fault: { exit: 1, error: expect.stringContaining('>=20.19 is needed. Install a newer one.') },
    });
  });
});
