/** A classifier's thread that ends at "die", never answers "hang", and gives every other transcript back as its summary. */
import { parentPort } from 'node:worker_threads';

parentPort?.on('message', (transcripts: readonly string[]) => {
  if (transcripts.includes('die')) process.exit(1);
  if (transcripts.includes('throw')) throw new Error('a fault of the thread');
  if (transcripts.includes('hang')) return;
  parentPort?.postMessage(
    transcripts.map((summary) => (summary === 'refuse' ? new Error('this one alone') : { summary })),
  );
});
