import { expect, it } from 'vitest';
import { runWith } from '../fake-io.ts';

const worker = { name: 'worker', load: () => import('../../../../src/cli/commands/worker.ts') };

it.each(['', 'worker', 'worker@', 'a@b@c'])(
  'refuses --hostname "%s", which Celery tools could not name',
  async (name) => {
    const { exitCode, err } = await runWith(`worker --hostname=${name}`, [worker]);
    expect(exitCode).toBe(2);
    expect(err).toContain('It must be a node name such as worker@%h.');
  },
);
