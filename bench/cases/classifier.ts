/** The offline classifier alone: milliseconds for a meeting of 150 words, warm, one core. */
import { loadConfig } from '../../src/config/load.ts';
import type { Taxonomy } from '../../src/models/taxonomy.ts';
import type { Classifier } from '../../src/services/classification/classifier.ts';
import { makeMeetings } from '../meetings.ts';

/** By then V8 has compiled what it compiles. */
const warmUpMeetings = 8_000;

export async function measureClassifier({ meetings }: { meetings: number }): Promise<{ ms_a_meeting: number }> {
  const classifier = await openBuiltClassifier();
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
  await classify(Math.min(meetings, warmUpMeetings));
  return { ms_a_meeting: await classify(meetings) };
}

/** The build's: what runs the bench wraps each function of the sources, for their names. */
async function openBuiltClassifier(): Promise<Classifier> {
  const built = new URL('../../dist/', import.meta.url);
  const { readTaxonomy }: { readTaxonomy: (config: unknown) => Promise<Taxonomy> } = await import(
    `${built}wire-services.js`
  );
  const { createOfflineClassifier }: { createOfflineClassifier: (taxonomy: Taxonomy) => Classifier } = await import(
    `${built}services/classification/rules/offline-classifier.js`
  );
  return createOfflineClassifier(await readTaxonomy(loadConfig({}, '').config));
}
