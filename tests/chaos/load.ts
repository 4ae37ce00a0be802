/** Somebody who keeps asking: new meetings, edited ones, forced runs; and who remembers what was accepted. */
import { randomUUID } from 'node:crypto';
import type { App } from '../../src/wiring.ts';
import { insertMeetings, manyTranscripts } from '../helpers/meetings.ts';
import type { Seeded } from './seeded.ts';

export interface Load {
  /** Task ids whose acceptance was answered. */
  readonly accepted: ReadonlySet<string>;
  /** Meetings whose last edit was followed by an accepted request, or that were never edited. */
  readonly settledMeetings: ReadonlySet<number>;
  /** Requests that were refused, as a server was away. */
  readonly refused: number;
  stop(): Promise<void>;
}

const everyMs = 100;
const mostOpen = 400;
const meetingsARound = 12;

export function startLoad(app: App, seeded: Seeded): Load {
  const accepted = new Set<string>();
  const settled = new Set<number>();
  const meetings: number[] = [];
  let refused = 0;
  let isOver = false;
  let edits = 0;

  const ask = async (ids: readonly number[], isForced: boolean) => {
    const requests = ids.map((id) => ({
      task: 'classify_meeting',
      args: [id, isForced],
      taskId: randomUUID(),
      origin: 'chaos',
    }));
    await app.enqueuer.enqueue(requests);
    for (const { taskId } of requests) accepted.add(taskId);
    for (const id of ids) settled.add(id);
  };
  const askForNew = async () => {
    const ids = await insertMeetings(app.database, manyTranscripts(meetingsARound));
    meetings.push(...ids);
    await ask(ids, false);
  };
  const askAgain = async () => {
    if (meetings.length === 0) return;
    const ids = [...new Set([seeded.pick(meetings), seeded.pick(meetings), seeded.pick(meetings)])];
    const isEdited = seeded.next() < 0.7;
    if (isEdited) {
      for (const id of ids) settled.delete(id);
      const text = 'update public.meetings set transcript = transcript || $2, updated_at = now() where id = any($1)';
      await app.database.run({ name: '', text }, [ids, ` Edición ${++edits}.`]);
    }
    await ask(ids, !isEdited);
  };
  const openJobs = async () => Object.values(await app.ledger.countOpen()).reduce((sum, count) => sum + count, 0);

  const work = (async () => {
    while (!isOver) {
      await new Promise((resolve) => setTimeout(resolve, everyMs));
      try {
        if ((await openJobs()) > mostOpen) continue;
        await askForNew();
        await askAgain();
      } catch {
        refused += 1;
      }
    }
  })();
  return {
    accepted,
    settledMeetings: settled,
    get refused() {
      return refused;
    },
    async stop() {
      isOver = true;
      await work;
    },
  };
}
