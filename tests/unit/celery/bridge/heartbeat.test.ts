import { expect, it } from 'vitest';
import { createHeartbeat } from '../../../../src/celery/bridge/heartbeat.ts';
import { createMemoryLog } from '../../../helpers/memory-log.ts';

async function beatOnce(beat: () => Promise<number>) {
  const log = createMemoryLog();
  let takenOver = 0;
  const heartbeat = createHeartbeat({
    log,
    inflight: { beat },
    onTakenOver() {
      takenOver += 1;
    },
  });
  await heartbeat.start();
  heartbeat.stop();
  return { takenOver, events: log.events.map(({ event, fields }) => [event, fields.messages]) };
}

it('tells that messages of another bridge were taken over', async () => {
  expect(await beatOnce(async () => 3)).toEqual({ takenOver: 1, events: [['celery.adopted', 3]] });
});

it('tells nothing where there were none', async () => {
  expect(await beatOnce(async () => 0)).toEqual({ takenOver: 0, events: [] });
});

it('starts also where Redis refuses the beat', async () => {
  const refused = async () => {
    throw new Error('READONLY');
  };
  expect(await beatOnce(refused)).toEqual({ takenOver: 0, events: [] });
});
