import { expect, it, vi } from 'vitest';
import type { Redis } from '../../../../src/core/connections/redis.ts';
import { replaceResultCopy } from '../../../../src/services/publishing/result-copy.ts';

it('A copy of a result is replaced only where one is, and lives no longer', async () => {
  const set = vi.fn(async () => 'OK');
  await replaceResultCopy({ set } as unknown as Redis, 7, '{"urgency":false}');
  expect(set).toHaveBeenCalledWith('classification_result:7', '{"urgency":false}', 'KEEPTTL', 'XX');
});
