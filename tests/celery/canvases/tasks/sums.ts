/** Tasks that tell a canvas's structure by their results; canvas_app.py has the same in Python. */
import type { TaskKit } from '../../../../src/core/discover-tasks.ts';
import { sumOf } from '../random-canvas.ts';

export default ({ defineTask, z, complete }: TaskKit) => [
  defineTask({
    name: 'add',
    parameters: z.object({ x: z.json(), y: z.number() }),
    run: ({ x, y }) => complete(sumOf(x) + y),
  }),
  defineTask({
    name: 'total',
    parameters: z.object({ x: z.json() }),
    run: ({ x }) => complete(sumOf(x)),
  }),
  defineTask({
    name: 'same',
    parameters: z.object({ x: z.json() }),
    run: ({ x }) => complete(x),
  }),
];
