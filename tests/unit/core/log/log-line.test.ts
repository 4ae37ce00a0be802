import { describe, expect, it } from 'vitest';
import { emojiOf, prettyLine } from '../../../../src/core/log/log-line.ts';

const palette = { dim: (text: string) => text, strong: (text: string) => text };

describe('the emoji of an event', () => {
  it.each([
    ['worker.started', '🚀'],
    ['redis.down', '🔴'],
    ['database.slow', '🗄️'],
    ['queue.paused', '📥'],
    ['job.taken_up', '📥'],
    ['classification.truncated', '🤖'],
    ['celery.rejected', '🌸'],
    ['api.listening', '🌐'],
    ['schedule.run', '⏰'],
    ['job.finished', '✅'],
    ['job.retry', '⏳'],
    ['job.failed', '💥'],
    ['constructor', '🚀'],
    ['', '🚀'],
  ])('%s is %s', (event, emoji) => {
    expect(emojiOf(event, 'info')).toBe(emoji);
  });

  it('is that of a fault whenever the level is error', () => {
    expect(emojiOf('redis.down', 'error')).toBe('💥');
  });
});

describe('a line on a terminal', () => {
  it('is emoji, time, event and fields; a warning says so in words', () => {
    const time = '2026-11-24T08:53:13.000Z';
    const clock = new Date(time).toTimeString().slice(0, 8);
    const line = {
      level: 'warn',
      time,
      event: 'job.retry',
      jobId: 'j1-0',
      durationMs: 12,
      note: 'two words',
      ok: true,
    };
    expect(prettyLine(line, palette)).toBe(
      `⏳ ${clock} WARN job.retry  jobId=j1-0 durationMs=12 note="two words" ok=true`,
    );
  });

  it('is one line whatever the values hold', () => {
    const line = prettyLine(
      { level: 'info', time: 'x', event: 'job.started', note: 'a\n💥 forged \u001b[2J' },
      palette,
    );
    expect(line).toBe('📥 --:--:-- job.started  note="a\\n💥 forged \\u001b[2J"');
  });
});
