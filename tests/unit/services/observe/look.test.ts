import { describe, expect, it } from 'vitest';
import { readRunningJobs } from '../../../../src/services/observe/look.ts';

describe('What workers run now', () => {
  it('is nothing where Redis is embedded and not running', async () => {
    expect(await readRunningJobs(null)).toEqual({ taskIds: [], trouble: null });
  });

  it('is unknown, with the reason, where Redis does not answer', async () => {
    const { taskIds, trouble } = await readRunningJobs('redis://127.0.0.1:1/0');
    expect(taskIds).toEqual([]);
    expect(trouble).toContain('does not answer');
  });
});
