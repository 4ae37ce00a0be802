import { describe, expect, it } from 'vitest';
import { fromSignature, type Signature } from '../../../../src/celery/protocol/signature.ts';
import { type PlanOptions, planChainStep, planLinks, planSignature } from '../../../../src/celery/results/canvas.ts';
import { skippedTasks } from '../../../../src/celery/results/canvas-ends.ts';

const sign = (task: string, more: Partial<Signature> = {}): Signature => ({
  task,
  args: [],
  kwargs: {},
  options: {},
  subtaskType: null,
  isImmutable: false,
  ...more,
});
const options: PlanOptions = {
  parent: { id: 'parent', rootId: 'root', replyTo: 'me', headers: { 'x-trace': '1' } },
  prefix: ['result'],
  seed: 'seed',
  nowMs: 1_000,
  origin: '1@h',
  queueOf: (task) => `queue of ${task}`,
};
const group = (tasks: readonly Signature[], more: Partial<Signature> = {}) =>
  sign('celery.group', { subtaskType: 'group', kwargs: { tasks: tasks.map(fromSignature) }, ...more });

describe('planSignature', () => {
  it('puts the result before the arguments, unless the signature is immutable', () => {
    const [sent] = planSignature(sign('t', { args: [1] }), options).sends;
    expect(sent).toMatchObject({
      task: 't',
      args: ['result', 1],
      queue: 'queue of t',
      rootId: 'root',
      parentId: 'parent',
      replyTo: 'me',
      headers: { 'x-trace': '1' },
    });
    expect(planSignature(sign('t', { args: [1], isImmutable: true }), options).sends[0]?.args).toEqual([1]);
  });

  it('makes the same id each time where none is given, another for another seed, and keeps one that is', () => {
    const idOf = (seed: string, own = {}) =>
      planSignature(sign('t', { options: own }), { ...options, seed }).sends[0]?.id;
    expect(idOf('a')).toBe(idOf('a'));
    expect(idOf('a')).not.toBe(idOf('b'));
    expect(idOf('a', { task_id: 'given' })).toBe('given');
  });

  it('names a child as Celery does', () => {
    expect(planSignature(sign('t', { options: { task_id: 'c' } }), options).result).toEqual([['c', null], null]);
  });

  it('sends the members of a group with its id and their places', () => {
    const { sends, result } = planSignature(group([sign('a'), sign('b')], { options: { task_id: 'g' } }), options);
    expect(sends.map(({ groupId, groupIndex }) => [groupId, groupIndex])).toEqual([
      ['g', 0],
      ['g', 1],
    ]);
    expect(result).toMatchObject(
      [
        ['g', null],
        [{}, {}],
      ].map((each, at) => (at === 0 ? each : expect.any(Array))),
    );
  });

  it('gives the members of a chord its body, and its size before they are sent', () => {
    const body = sign('body', { options: { task_id: 'b' } });
    const chord = sign('celery.chord', {
      subtaskType: 'chord',
      kwargs: { header: fromSignature(group([sign('a'), sign('c')])), body: fromSignature(body) },
      options: { task_id: 'g' },
    });
    const { sends, chords, result } = planSignature(chord, options);
    expect(chords).toEqual([{ groupId: 'g', size: 2, structure: null }]);
    expect(sends.map(({ embed }) => embed?.chord?.options.task_id)).toEqual(['b', 'b']);
    expect(result).toMatchObject([['b', expect.anything()], null]);
  });

  it('lets the last step of a chain stand for it in a chord', () => {
    const chain = sign('celery.chain', {
      subtaskType: 'chain',
      kwargs: { tasks: [sign('a'), sign('z')].map(fromSignature) },
    });
    const { sends } = planSignature(chain, options, { groupId: 'g', groupIndex: 1, chord: sign('body') });
    expect(sends).toHaveLength(1);
    expect(sends[0]).toMatchObject({ task: 'a', groupId: null, embed: { chord: null } });
    expect(sends[0]?.embed?.chain?.[0]?.options).toMatchObject({
      group_id: 'g',
      group_index: 1,
      chord: { task: 'body' },
    });
  });
});

describe('a signature of every type', () => {
  const chainOf = (...tasks: readonly Signature[]) =>
    sign('celery.chain', { subtaskType: 'chain', kwargs: { tasks: tasks.map(fromSignature) } });
  const chordOf = (tasks: readonly Signature[], body: Signature) =>
    sign('celery.chord', {
      subtaskType: 'chord',
      kwargs: { header: fromSignature(group(tasks, { options: { task_id: 'g' } })), body: fromSignature(body) },
    });
  const followed = (signature: Signature, ...steps: readonly string[]) => ({
    ...signature,
    options: { ...signature.options, chain: steps.map((task) => fromSignature(sign(task))).toReversed() },
  });
  /** Names of tasks that are sent one after the other, as each end hands on what it carries. */
  const namesOf = (signature: Signature): readonly string[] => {
    const [sent] = planSignature(signature, options).sends;
    if (!sent) return [];
    const { chain = [], chord } = sent.embed ?? {};
    const [next, ...rest] = chain;
    const later = next ? followed(next, ...rest.map(({ task }) => task)) : chord;
    return [sent.task, ...(later ? namesOf(later) : [])];
  };

  it.each([
    ['task', sign('a'), ['a', 'x', 'y']],
    ['chain', chainOf(sign('a'), sign('b')), ['a', 'b', 'x', 'y']],
    ['group', group([sign('a'), sign('b')]), ['a', 'x', 'y']],
    ['chord', chordOf([sign('a'), sign('b')], sign('c')), ['a', 'c', 'x', 'y']],
    ['chord with a chain as body', chordOf([sign('a')], chainOf(sign('c'), sign('d'))), ['a', 'c', 'd', 'x', 'y']],
    ['chord with a group as body', chordOf([sign('a')], group([sign('c')])), ['a', 'c', 'x', 'y']],
    ['chord with a chord as body', chordOf([sign('a')], chordOf([sign('c')], sign('d'))), ['a', 'c', 'd', 'x', 'y']],
  ])('carries the rest of a chain in its options: %s (C1)', (_type, signature, names) => {
    expect(namesOf(followed(signature, 'x', 'y'))).toEqual(names);
  });

  it('is counted in a chord by its last tasks, whose nesting is kept (C2)', () => {
    const inner = group([sign('d', { options: { task_id: 'd' } }), sign('e', { options: { task_id: 'e' } })]);
    const members = [sign('a', { options: { task_id: 'a' } }), chainOf(sign('b'), inner), chordOf([sign('c')], inner)];
    const { chords } = planSignature(chordOf(members, sign('body')), options);
    const nested = [
      expect.anything(),
      [
        [['d', null], null],
        [['e', null], null],
      ],
    ];
    expect(chords.at(-1)).toEqual({
      groupId: 'g',
      size: 5,
      structure: [
        ['g', null],
        [[['a', null], null], nested, nested],
      ],
    });
  });

  it('at the end of a member of a chord counts for that chord (C3)', () => {
    const place = { groupId: 'outer', groupIndex: 1, chord: sign('body') };
    const sendsOf = (signature: Signature) => planSignature(signature, options, place).sends;
    const { sends, chords } = planSignature(group([sign('a'), sign('b')]), options, place);
    expect(chords).toEqual([]);
    expect(sends.map(({ groupId, embed }) => [groupId, embed?.chord?.task])).toEqual([
      ['outer', 'body'],
      ['outer', 'body'],
    ]);
    const [member] = sendsOf(chordOf([sign('a')], sign('c')));
    expect(member?.embed?.chord?.options).toMatchObject({ group_id: 'outer', group_index: 1, chord: { task: 'body' } });
  });

  it('fails with all its tasks that will not be sent, and says which chords wait for them (C3)', () => {
    const marked = { task_id: 'z', group_id: 'outer', group_index: 2, chord: fromSignature(sign('body')) };
    const last = group([sign('e', { options: { task_id: 'e' } }), sign('f', { options: { task_id: 'f' } })]);
    const step = chainOf(sign('b', { options: { task_id: 'b' } }), { ...last, options: marked });
    expect(skippedTasks(step).map(({ id, groupId, chord }) => [id, groupId, chord?.task])).toEqual([
      ['e', 'outer', 'body'],
      ['f', 'outer', 'body'],
      ['b', null, undefined],
    ]);
  });
});

describe('planChainStep', () => {
  it('sends the next step with the rest, and nothing at the end', () => {
    const plan = planChainStep([sign('next'), sign('last')], options);
    expect(plan?.sends).toMatchObject([{ task: 'next', embed: { chain: [{ task: 'last' }] } }]);
    expect(planChainStep([], options)).toBeUndefined();
  });

  it('makes a chord of a group with something after it', () => {
    const plan = planChainStep([group([sign('a'), sign('b')]), sign('then'), sign('last')], options);
    const chord = plan?.sends[0]?.embed?.chord;
    expect(chord).toMatchObject({ task: 'then', options: { chain: [{ task: 'last' }] } });
  });
});

describe('planLinks', () => {
  it('sends one link by itself, several as one group, and error links always as a group', () => {
    const groupsOf = (count: number, alwaysGroup = false) =>
      planLinks([sign('a'), sign('b')].slice(0, count), options, { alwaysGroup }).map(({ sends }) => [
        sends.length,
        new Set(sends.map(({ groupId }) => groupId)).size,
        sends.every(({ groupId }) => groupId !== null),
      ]);
    expect(groupsOf(0)).toEqual([]);
    expect(groupsOf(1)).toEqual([[1, 1, false]]);
    expect(groupsOf(2)).toEqual([[2, 1, true]]);
    expect(groupsOf(1, true)).toEqual([[1, 1, true]]);
  });

  it('names the header of a chord as the child of its sender', () => {
    const chord = sign('celery.chord', {
      subtaskType: 'chord',
      kwargs: { header: fromSignature(group([sign('a')])), body: fromSignature(sign('body')) },
      options: { task_id: 'g' },
    });
    const [plan] = planLinks([chord], options);
    expect(plan?.trail).toMatchObject([['g', null], [expect.any(Array)]]);
  });
});
