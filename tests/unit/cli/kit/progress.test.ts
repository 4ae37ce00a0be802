import { describe, expect, it } from 'vitest';
import { lineBar } from '../../../../src/cli/kit/progress.ts';
import { terminalBar } from '../../../../src/cli/kit/terminal-bar.ts';
import { makeStream } from '../fake-io.ts';

describe('progress where stderr is no terminal', () => {
  it('is a line every tenth of the way, the first and the last among them', () => {
    const stream = makeStream();
    const bar = lineBar(stream, 1000, 'classified');
    for (let done = 0; done <= 1000; done += 1) bar.update(done);
    bar.stop();
    const lines = stream.text().trimEnd().split('\n');
    expect(lines).toHaveLength(11);
    expect([lines[0], lines[5], lines[10]]).toEqual([
      'classified 0/1000',
      'classified 500/1000',
      'classified 1000/1000',
    ]);
  });

  it('goes on after the total grew, and survives a total of none', () => {
    const stream = makeStream();
    const bar = lineBar(stream, 0, 'read');
    bar.update(0);
    bar.setTotal(20);
    bar.update(10, 'saved');
    expect(stream.text()).toBe('read 0/0\nsaved 10/20\n');
  });
});

describe('progress on a terminal', () => {
  it('is a bar that ends with its last state, and takes no signal for itself', () => {
    const before = process.listenerCount('SIGINT');
    const stream = makeStream({ isTTY: true });
    const bar = terminalBar(stream, 4, 'classified');
    bar.update(4);
    expect(process.listenerCount('SIGINT')).toBe(before);
    bar.stop();
    bar.stop();
    expect(stream.text()).toContain('classified');
    expect(stream.text()).toContain('4/4');
  });

  it('makes room for another line while it runs', () => {
    const stream = makeStream({ isTTY: true });
    const bar = terminalBar(stream, 4, 'classified');
    bar.clearLine();
    expect(stream.text().endsWith('\r\u001b[K')).toBe(true);
    bar.stop();
  });
});
