import { describe, expect, it } from 'vitest';
import { type PlanOptions, planChainStep, planLinks, planSignature } from '../../../src/celery/canvas.ts';
import { fromSignature, type Signature } from '../../../src/celery/message.ts';

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
    const { sends, chordSizes, result } = planSignature(chord, options);
    expect(chordSizes).toEqual([{ groupId: 'g', size: 2 }]);
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
