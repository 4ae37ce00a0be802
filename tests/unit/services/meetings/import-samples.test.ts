import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { importSamples } from '../../../../src/services/meetings/import-samples.ts';
import { createFakeDatabase } from '../../../helpers/fake-database.ts';
import { createFakeEnqueuer } from '../../../helpers/fake-enqueuer.ts';

const path = fileURLToPath(new URL('../../../../samples/meetings.csv', import.meta.url));
const request = { path, actor: 'cli:ana', timeZone: 'UTC', now: new Date('2026-01-01T00:00:00Z') };

describe('Sample meetings', () => {
  it('are imported into a database without meetings', async () => {
    let id = 0;
    const database = createFakeDatabase(
      { meeting_count: [{ count: 0 }] },
      {
        transaction: (text, values) =>
          text.includes('is_new')
            ? (JSON.parse(String(values[0])) as unknown[]).map(() => {
                id += 1;
                return { id, is_new: true, differs: false };
              })
            : [],
      },
    );
    const enqueuer = createFakeEnqueuer();
    const imported = await importSamples({ database, enqueuer }, request);
    expect(imported).toMatchObject({ rejected: [], inserted: id, queued: id });
    expect(enqueuer.requests).toHaveLength(id);
  });

  it('never mix with meetings that are there', async () => {
    const database = createFakeDatabase({ meeting_count: [{ count: 1 }] });
    expect(await importSamples({ database, enqueuer: createFakeEnqueuer() }, request)).toBeUndefined();
  });
});
