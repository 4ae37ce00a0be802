/** The offline classifier alone: milliseconds for a meeting of 150 words, warm, one core. */
import type { App } from '../../src/app.ts';
import { makeMeetings } from '../meetings.ts';

export async function measureClassifier(
  { classifier }: App,
  { meetings }: { meetings: number },
): Promise<{ ms_a_meeting: number }> {
  const texts = (await makeMeetings(500, 2)).map(({ transcript }) => transcript ?? '');
  const { signal } = new AbortController();
  const classify = async (count: number) => {
    const before = process.cpuUsage();
    for (let index = 0; index < count; index++) {
      await classifier.classify({ transcript: texts[index % texts.length] ?? '', sellerPrompt: null, signal });
    }
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1_000 / count;
  };
  await classify(Math.min(meetings, 2_000));
  return { ms_a_meeting: await classify(meetings) };
}
