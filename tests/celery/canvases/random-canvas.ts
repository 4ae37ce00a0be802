/** Seeded random canvases: as Python code, and the value that each has by a plain evaluator. */
import { createRandom } from '../../../src/services/evaluation/bootstrap.ts';

/** `start`: what a first task has in place of the result before it. */
export type Canvas =
  | { readonly kind: 'add'; readonly start: number | null; readonly y: number; readonly link: Link | null }
  | { readonly kind: 'total' | 'same' }
  | { readonly kind: 'chain' | 'group'; readonly parts: readonly Canvas[] }
  | { readonly kind: 'chord'; readonly header: readonly Canvas[]; readonly body: Canvas };

interface Link {
  readonly id: string;
  readonly y: number;
}

export type Value = number | readonly Value[];

export function sumOf(value: unknown): number {
  if (Array.isArray(value)) return value.reduce((sum: number, each) => sum + sumOf(each), 0);
  return Number(value);
}

/** Same seed, same canvases; no more than 40 tasks each. */
export function randomCanvases(count: number, seed: number): readonly Canvas[] {
  const random = createDraws(seed);
  const canvases: Canvas[] = [];
  while (canvases.length < count) {
    const canvas = randomCanvas(random, { depth: 2, isFirst: true });
    if (countTasks(canvas) <= 40) canvases.push(canvas);
  }
  return canvases;
}

interface Random {
  below(count: number): number;
  id(): string;
}

function createDraws(seed: number): Random {
  const random = createRandom(seed);
  const next = () => random() * 2 ** 32;
  return { below: (count) => next() % count, id: () => `link-${seed}-${next()}` };
}

function randomCanvas(random: Random, { depth, isFirst }: { depth: number; isFirst: boolean }): Canvas {
  const part = (isPartFirst: boolean) => randomCanvas(random, { depth: depth - 1, isFirst: isPartFirst });
  const parts = () => Array.from({ length: 1 + random.below(3) });
  // Celery makes a group inside a group part of it, in an order of its own, and one of one member its member.
  const members = () => [notGroup(part(isFirst)), ...parts().map(() => notGroup(part(isFirst)))];
  switch (depth === 0 ? 0 : random.below(5)) {
    case 1:
    case 2:
      return { kind: 'chain', parts: [part(isFirst), ...parts().map(() => part(false))] };
    case 3:
      return { kind: 'group', parts: members() };
    case 4:
      return { kind: 'chord', header: members(), body: part(false) };
    default:
      return randomTask(random, isFirst);
  }
}

function randomTask(random: Random, isFirst: boolean): Canvas {
  const kind = isFirst ? 0 : random.below(4);
  if (kind === 1) return { kind: 'total' };
  if (kind === 2) return { kind: 'same' };
  const link = random.below(5) === 0 ? { id: random.id(), y: random.below(100) } : null;
  return { kind: 'add', start: isFirst ? random.below(10) : null, y: random.below(10), link };
}

function notGroup(canvas: Canvas): Canvas {
  return canvas.kind === 'group' ? { kind: 'chain', parts: [...canvas.parts.slice(0, 1), { kind: 'same' }] } : canvas;
}

function countTasks(canvas: Canvas): number {
  const countAll = (parts: readonly Canvas[]) => parts.reduce((sum, each) => sum + countTasks(each), 0);
  if ('parts' in canvas) return countAll(canvas.parts);
  if (canvas.kind === 'chord') return countAll([...canvas.header, canvas.body]);
  return canvas.kind === 'add' && canvas.link ? 2 : 1;
}

/** An expression for Python, where `add`, `total` and `same` are tasks. */
export function toPython(canvas: Canvas): string {
  const all = (parts: readonly Canvas[]) => parts.map(toPython).join(', ');
  switch (canvas.kind) {
    case 'chain':
      return `chain(${all(canvas.parts)})`;
    case 'group':
      return `group([${all(canvas.parts)}])`;
    case 'chord':
      return `chord([${all(canvas.header)}], ${toPython(canvas.body)})`;
    case 'add': {
      const { start, y, link } = canvas;
      const call = `add.s(${start === null ? '' : `${start}, `}${y})`;
      return link ? `${call}.set(link=[add.s(${link.y}).set(task_id='${link.id}')])` : call;
    }
    default:
      return `${canvas.kind}.s()`;
  }
}

/** What a caller gets, and what links get under their ids. */
export function evaluate(canvas: Canvas): { readonly value: Value; readonly links: ReadonlyMap<string, Value> } {
  const links = new Map<string, Value>();
  const after = (each: Canvas, before: Value): Value => {
    switch (each.kind) {
      case 'chain':
        return each.parts.reduce<Value>((value, part) => after(part, value), before);
      case 'group':
        return each.parts.map((part) => after(part, before));
      case 'chord':
        return after(
          each.body,
          each.header.map((part) => after(part, before)),
        );
      case 'add': {
        const value = (each.start ?? sumOf(before)) + each.y;
        if (each.link) links.set(each.link.id, value + each.link.y);
        return value;
      }
      default:
        return each.kind === 'total' ? sumOf(before) : before;
    }
  };
  return { value: after(canvas, 0), links };
}
