import { describe, expect, it } from 'vitest';
import { chooseMeetings, type MeetingChoice } from '../../../../src/services/meetings/choose-meetings.ts';
import { createFakeDatabase } from '../../../helpers/fake-database.ts';

const stored = Array.from({ length: 2_300 }, (_, index) => index + 1);
const page = ([afterId, limit]: readonly unknown[]) =>
  stored
    .filter((id) => id > Number(afterId))
    .slice(0, Number(limit))
    .map((id) => ({ id }));
const database = createFakeDatabase({
  meeting_list_with_transcript: page,
  meeting_unclassified: page,
  meeting_known: ([ids]) => (ids as number[]).filter((id) => stored.includes(id)).map((id) => ({ id })),
});

async function blocksOf(choice: MeetingChoice) {
  const blocks = [];
  for await (const block of chooseMeetings(database, choice)) blocks.push(block);
  return blocks;
}

describe('The meetings that are chosen', () => {
  it.each(['all'] as const)('are read page after page when they are %s', async (choice) => {
    const blocks = await blocksOf(choice);
    expect(blocks.map(({ known }) => known.length)).toEqual([1_000, 1_000, 300]);
    expect(blocks.flatMap(({ known }) => known)).toEqual(stored);
  });

  it('tell known ids from unknown ones, in the order given', async () => {
    expect(await blocksOf([5, 9_999, 1])).toEqual([{ known: [5, 1], unknown: [9_999] }]);
  });

  it('are none when no id is given', async () => {
    expect(await blocksOf([])).toEqual([]);
  });
});
