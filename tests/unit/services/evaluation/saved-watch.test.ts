import { describe, expect, it } from 'vitest';
import type { SavedVersions } from '../../../../src/models/queries/saved-rows.ts';
import { createSavedWatch } from '../../../../src/services/evaluation/saved-watch.ts';

function watchOf(answers: readonly SavedVersions[], since: string | null) {
  const asked: unknown[] = [];
  const watch = createSavedWatch(async (from) => answers[asked.push(from) - 1] ?? { floor: '0', versions: [] }, {
    since,
  });
  const look = async () => (await watch.look()).map(({ meeting_id, version }) => `${meeting_id}:${version}`);
  return { asked, look };
}

const version = (meeting_id: number, name: string, is_since = false) => ({ meeting_id, version: name, is_since });

describe('createSavedWatch', () => {
  it('gives each saved version once, though an open transaction brings old ones again', async () => {
    const { asked, look } = watchOf(
      [
        { floor: '10', versions: [version(1, '11')] },
        { floor: '10', versions: [version(1, '11'), version(2, '12')] },
        { floor: '13', versions: [version(1, '14'), version(2, '12'), version(3, '10')] },
        { floor: '15', versions: [version(1, '14')] },
      ],
      null,
    );
    expect(await look()).toEqual([]);
    expect(await look()).toEqual(['2:12']);
    expect(await look()).toEqual(['1:14', '3:10']);
    expect(await look()).toEqual([]);
    expect(asked).toEqual([null, '10', '10', '13'].map((floor) => ({ floor, since: null })));
  });

  it('begins with what is stamped since a moment, and never with what was merely being saved then', async () => {
    const since = '2026-01-01T00:00:00.000Z';
    const { asked, look } = watchOf([{ floor: '10', versions: [version(1, '3', true), version(2, '11')] }], since);
    expect(await look()).toEqual(['1:3']);
    await look();
    expect(asked).toEqual([
      { floor: null, since },
      { floor: '10', since: null },
    ]);
  });
});
