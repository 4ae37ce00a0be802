import { beforeEach, expect, test } from 'vitest';
import { SaveSchedule } from '../../../../src/embedded/redis/save-schedule.ts';

let commands: string[];
let events: string[];
let now: number;
let changes: number;
let saveReply: string;
let saveMs: number;
let schedule: SaveSchedule;

beforeEach(() => {
  commands = [];
  events = [];
  [now, changes, saveReply, saveMs] = [0, 1, '+OK', 100];
  schedule = new SaveSchedule({
    ask: async (...words) => {
      commands.push(words.join(' '));
      if (words[0] === 'INFO') return `# Persistence\r\nrdb_changes_since_last_save:${changes}\r\n`;
      if (words[0] !== 'SAVE') return '+OK';
      now += saveMs;
      return saveReply;
    },
    onSaving: (isSaving) => commands.push(isSaving ? '(saving' : 'saved)'),
    report: (name) => events.push(name),
    maxMemory: '512mb',
    now: () => now,
  });
});

test('nothing is saved while nothing has changed', async () => {
  changes = 0;
  expect(await schedule.save()).toBe(true);
  expect(commands).toEqual(['INFO persistence']);
});

test('a save is announced, as nothing else is answered in it', async () => {
  expect(await schedule.save()).toBe(true);
  expect(commands).toEqual(['INFO persistence', '(saving', 'SAVE', 'saved)']);
});

test('a change of ten or of a hundred is seen as well as one of one', async () => {
  for (changes of [10, 100]) await schedule.save();
  expect(commands.filter((command) => command === 'SAVE')).toHaveLength(2);
});

test('two calls at once are one save', async () => {
  await Promise.all([schedule.save(), schedule.save()]);
  expect(commands.filter((command) => command === 'SAVE')).toHaveLength(1);
});

test('saves come every 5 s, and take at most a tenth of the time when they are long', async () => {
  expect(schedule.delayMs).toBe(5_000);
  await schedule.save();
  expect(schedule.delayMs).toBe(5_000);
  saveMs = 3_000;
  await schedule.save();
  expect(schedule.delayMs).toBe(30_000);
});

test('a save that fails closes the broker to writes once, and one that succeeds opens it (H2)', async () => {
  saveReply = '-ERR';
  expect(await schedule.save()).toBe(false);
  await schedule.save();
  expect(commands.filter((command) => command.startsWith('CONFIG'))).toEqual(['CONFIG SET maxmemory 1']);
  saveReply = '+OK';
  expect(await schedule.save()).toBe(true);
  expect(commands.at(-1)).toBe('CONFIG SET maxmemory 512mb');
  expect(events).toEqual(['broker.save_failed', 'broker.save_succeeded']);
});

test('saves that go on failing are told once a minute (H2)', async () => {
  saveReply = '-ERR';
  saveMs = 0;
  for (now = 0; now <= 125_000; now += 5_000) await schedule.save();
  expect(events).toEqual(['broker.save_failed', 'broker.save_failed', 'broker.save_failed']);
});
