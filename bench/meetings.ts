/** Meetings to measure with: about 150 words each, put together from the sample meetings' sentences by a seed. */

import { fileURLToPath } from 'node:url';
import type { MeetingToStore } from '../src/models/queries/meeting-store.ts';
import { createRandom } from '../src/services/evaluation/bootstrap.ts';
import { openMeetingsCsv } from '../src/services/meetings/csv/csv-file.ts';

const samples = fileURLToPath(new URL('../samples/meetings.csv', import.meta.url));
const wordsAMeeting = 150;
const sellers = ['Ana', 'Bruno', 'Carla', 'Diego', 'Elena'];

/** The same count and seed give the same meetings. */
export async function makeMeetings(count: number, seed = 1): Promise<MeetingToStore[]> {
  const sentences = await readSentences();
  return Array.from({ length: count }, (_each, index) => {
    const random = createRandom(seed * 1_000_003 + index);
    const text: string[] = [];
    for (let words = 0; words < wordsAMeeting; ) {
      const sentence = sentences[Math.floor(random() * sentences.length)] ?? '';
      text.push(sentence);
      words += sentence.split(' ').length;
    }
    const seller = sellers[index % sellers.length] ?? 'Ana';
    return {
      clientName: `Client ${index}`,
      clientEmail: `client${index}@example.com`,
      clientPhone: null,
      sellerName: seller,
      sellerEmail: `${seller.toLowerCase()}@sellers.local`,
      meetingAt: new Date(Date.UTC(2024, 0, 1, 9) + (index % 8_760) * 3_600_000),
      closed: random() < 0.5,
      transcript: text.join(' '),
    };
  });
}

async function readSentences(): Promise<string[]> {
  const sentences: string[] = [];
  for await (const record of (await openMeetingsCsv(samples)).records) {
    if (record.kind === 'cells')
      sentences.push(...record.cells.transcript.split(/(?<=[.!?])\s+/).filter((each) => each.length > 20));
  }
  return sentences;
}
