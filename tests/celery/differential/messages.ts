/** The 200 task messages of the differential test: captures and variants of them, and what a Python client of the app sends. */
import { deflateSync, inflateSync } from 'node:zlib';
import { listKey } from '../../../src/celery/protocol/list-key.ts';
import { celeryHeaders } from '../../../src/celery/protocol/read-task-message.ts';
import type { Redis } from '../../../src/core/connections/redis.ts';
import { nameUuid } from '../../../src/core/name-uuid.ts';
import { readVector } from '../../helpers/celery-vectors.ts';
import { allLists } from '../fixture.ts';
import type { PythonClient } from '../python.ts';

export interface SentMessage {
  /** What it is, for people. */
  readonly label: string;
  readonly key: string;
  readonly raw: string;
}

export const messageCount = 200;

type Json = Record<string, unknown>;

/** A message taken apart; `body` is its JSON text. */
interface Parts {
  headers: Json;
  properties: Json;
  body: string;
}

/**
 * Captures that Celery 5.2 survives. It dies of bodies with "utf-8" for an encoding (celery-ts without compression), of what is
 * not JSON outside or has no delivery tag, of a message without an id and of a list for a body that names no task.
 */
const captures = [
  ...['delay', 'kwargs', 'unicode', 'custom-headers', 'custom-queue-headers', 'datetime-arg', 'uuid-decimal-arg'],
  ...['countdown', 'eta', 'eta-naive', 'expires-datetime', 'expires-seconds', 'ignore-result', 'timelimits'],
  ...['priority-3', 'priority-5', 'priority-9', 'send_task-bare', 'restored', 'visibility-restored'],
  ...[
    'retry-1',
    'retry-2',
    'retry-3',
    'link',
    'link-list',
    'link-error',
    'chain',
    'chain-of-group',
    'group.1',
    'group.2',
  ],
  ...['56-delay', '56-link', 'pickle', 'yaml'],
].map((name) => `v2-${name}`);
const moreCaptures = [
  ...['v1-apply_async', 'v1-link', 'node-plain', 'node-kwargs', 'node-v1', 'node-defaultqueue', 'ts-zlib', 'ts-gzip'],
  ...['poison-args-not-list', 'poison-eta-bad', 'poison-expires-number', 'poison-not-json', 'poison-unknown-ctype'],
  ...['poison-v1-dict-no-task', 'poison-v1-minimal'],
];

/** JSON texts of positional arguments. */
const argumentTexts = [
  ...['["m1"]', '["m1", true]', '["m1", false, null, "api"]', '["m1", 0, "http://127.0.0.1/x", ""]', '[""]', '[null]'],
  ...['[0]', '[-1]', '[2147483647]', '[9007199254740991]', '[-0.5]', '[1e3]', '[1e-7]', '[123456789.125]', '[true]'],
  ...['[[]]', '[{}]', '[[1, [2, [3, []]]]]', '[{"a": {"b": [1, null, "x"]}}]', `["it's"]`, '["say \\"hi\\""]'],
  ...[`["it's \\"both\\""]`, '["tab\\tline\\nreturn\\rback\\\\slash"]', '["\\u0001\\u007f\\u0080\\u00ad\\u2028"]'],
  ...[
    '["ñandú — ‘é’ 日本語"]',
    '["🎉\\ud83d\\ude00"]',
    '["\\u00a0"]',
    `["${'long '.repeat(60)}"]`,
    '["fail"]',
    '["fail", true]',
  ],
  // Those of Python's own exceptions: too few, too many.
  ...['[]', '["m1", false, null, "api", "more"]', '["half \\ud83d"]', '["nul \\u0000"]', '[1, 2, 3, 4, 5, 6]'],
];

/** JSON texts of keyword arguments, with positional ones before. */
const keywordTexts = [
  ...['[] {"meeting_id": "m1"}', '["m1"] {"force": true}', '["m1"] {"api_task_id": null, "callback_url": "x"}'],
  ...['[] {"force": [1, {"z": 0, "a": 1}], "meeting_id": {"b": 1, "a": 2}}', '[] {"meeting_id": "fail"}'],
  ...['["m1"] {"meeting_id": "m2"}', '["m1"] {"nosuch": 1}', '[] {"force": true}', '["m1"] {"": 1}'],
];

const headerChanges: readonly (readonly [string, Json])[] = [
  ['ignores its result', { ignore_result: true }],
  ['has a shadow name', { shadow: 'classify[1]' }],
  ['has a root and a parent', { root_id: nameUuid('root'), parent_id: nameUuid('parent') }],
  ['is a member of a group', { group: nameUuid('group'), group_index: 3 }],
  ['expires later', { expires: '2099-01-01T00:00:00+00:00' }],
  ['expired', { expires: '2020-01-01T00:00:00+00:00' }],
  ['expired, in local words', { expires: '2020-01-01T00:00:00.123456' }],
  ['expired, says a client of JavaScript', { expires: '2020-01-01T00:00:00.000Z' }],
  ['expired and ignores its result', { expires: '2020-01-01T00:00:00+00:00', ignore_result: true }],
  ['was due long ago', { eta: '2020-01-01T00:00:00.000001+00:00' }],
  ['was due elsewhere', { eta: '2020-01-01T00:00:00+05:00' }],
  ['has limits that it keeps', { timelimit: [30, 20] }],
  ['has a hard limit alone', { timelimit: [30, null] }],
  ['has headers of its own', { 'x-trace': { a: [1, 2] }, baggage: 'k=v' }],
  ['was delivered before', { redelivered: true }],
  ['comes from another language', { lang: 'js', origin: 'gen9@elsewhere' }],
  ['has no representations', { argsrepr: undefined, kwargsrepr: undefined, origin: undefined }],
  [
    'has the barest headers',
    {
      ...Object.fromEntries(
        [...celeryHeaders].filter((name) => name !== 'task' && name !== 'id').map((name) => [name, undefined]),
      ),
    },
  ],
];

/** What a Python client does with the app; each line sends one or more messages. */
const pythonCalls = `
from datetime import datetime, timedelta, timezone
from celery import signature
def s(*args, **options): return classify_meeting.s(*args).set(**options)
def si(*args): return classify_meeting.si(*args)
classify_meeting.delay('m1', force=True)
classify_meeting.apply_async(('m1',), countdown=1)
classify_meeting.apply_async(('m1',), eta=datetime.now(timezone.utc) + timedelta(seconds=1))
classify_meeting.apply_async(('m1',), countdown=9, expires=8)
classify_meeting.apply_async(('m1',), expires=600)
for i in range(10): classify_meeting.apply_async(('m1',), priority=i)
for q in ('celery', 'default', 'vambe_tasks'): classify_meeting.apply_async(('m1',), queue=q)
classify_meeting.apply_async(('retry',))
classify_meeting.apply_async(('retry',), ignore_result=True)
classify_meeting.apply_async(('retry',), retries=2)
classify_meeting.apply_async(('retry',), retries=3)
classify_meeting.apply_async(('progress',))
classify_meeting.apply_async(('sleep:1',))
classify_meeting.apply_async(('sleep:0.3', True), headers={'x-a': 1})
classify_meeting.apply_async(('fail',), ignore_result=True)
classify_meeting.apply_async(('sleep:9',), soft_time_limit=1)
classify_meeting.apply_async(('stubborn:9',), soft_time_limit=1, time_limit=1)
classify_meeting.apply_async(('stubborn:3',), time_limit=1)
health_check.delay()
app.send_task('health_check', (1,))
app.send_task('health_check', kwargs={'x': 1})
app.send_task('core.tasks.classify_meeting_task', ('m1',))
app.send_task('core.tasks.health_check_task')
for name in ('no.such.task', 'ñ', 'celery.ping', 'classify_meeting ', 'Classify_Meeting'): app.send_task(name, ('m1',), queue='celery')
app.send_task('no.such.task', ('m1',), link_error=health_check.si(), queue='celery')
classify_meeting.apply_async(('m1',), link=health_check.si())
classify_meeting.apply_async(('m1',), link=s())
classify_meeting.apply_async(('m1',), link=[s(), health_check.si()])
classify_meeting.apply_async(('m1',), link=s().set(link=health_check.si()))
classify_meeting.apply_async(('m1',), link=chain(s(), si('x')))
classify_meeting.apply_async(('m1',), link=s('fail'))
classify_meeting.apply_async(('fail',), link=s())
classify_meeting.apply_async(('fail',), link_error=s(task_id='${nameUuid('errback')}'))
classify_meeting.apply_async(('fail',), link_error=[health_check.si(), si('e')])
classify_meeting.apply_async(('retry',), link=s(), link_error=si('e'), retries=3)
classify_meeting.apply_async(('m1',), link=s(queue='vambe_tasks', priority=3, headers={'x-b': 2}))
chain(si('a'), health_check.si()).delay()
chain(si('a'), s(), s(True)).delay()
chain(si('fail'), si('b'), si('c')).delay()
chain(si('a'), si('fail'), si('c')).delay()
chain(si('a'), app.signature('no.such.task', queue='celery'), si('c')).delay()
chain(si('a'), si('b')).apply_async(link=health_check.si())
chain(si('fail'), si('b')).apply_async(link_error=si('e'))
chain(si('a'), group(si('b'), si('c'))).delay()
chain(si('a'), group(si('b'), si('c')), s()).delay()
chain(group(si('a'), si('b')), s(), s()).delay()
group(si('a'), si('fail'), health_check.si()).delay()
group([si('only')]).delay()
chord([si('a'), si('b')], s()).delay()
chord([si('a'), si('b')], health_check.si()).delay()
chord([si('a')], s()).delay()
chord([si('ok'), si('fail')], s()).delay()
chord([si('fail'), si('fail')], s()).delay()
chord([si('beside an unknown one'), app.signature('no.such.task', queue='celery')], s()).delay()
chord([si('ok'), si('fail')], s().on_error(si('e'))).delay()
chord([chain(si('a'), s()), si('b')], s()).delay()
chord([si('a'), si('b')], chain(s(), si('x'))).delay()
app.conf.task_protocol = 1
classify_meeting.delay('m1', force=True)
classify_meeting.apply_async(('fail',), link_error=health_check.si())
classify_meeting.apply_async(('m1',), link=health_check.si(), expires=600)
app.conf.task_protocol = 2
app.conf.task_compression = 'zlib'
classify_meeting.delay('ñ' * 50)
app.conf.task_compression = None
answer = None`;

/** All of them, the same at each call but for ids and moments; counts of chords go to `targets` at once. */
export async function makeMessages(
  python: PythonClient,
  source: Redis,
  targets: readonly Redis[],
): Promise<readonly SentMessage[]> {
  const captured = [...captures, ...moreCaptures].map((name, n) => fromCapture(name, `capture ${n}`));
  const variants = [
    ...argumentTexts.map((args) => withBody(args, '{}')),
    ...keywordTexts.map((text) => withBody(text.slice(0, text.indexOf(' ')), text.slice(text.indexOf(' ') + 1))),
    ...headerChanges.map(([label, headers]) =>
      fromCapture('v2-delay', label, (parts) => Object.assign(parts.headers, headers)),
    ),
  ];
  await python.run(pythonCalls);
  const sent = await takeSent(source, targets);
  const fixed = [...captured, ...variants, ...sent];
  const rest = Array.from({ length: Math.max(0, messageCount - fixed.length) }, (_each, n) =>
    withBody(JSON.stringify([randomValue(random(n), 3), randomValue(random(n + 1_000), 1)]), '{}'),
  );
  return [...fixed, ...rest];
}

function withBody(args: string, kwargs: string): SentMessage {
  return fromCapture('v2-delay', `${args} ${kwargs}`, (parts) => {
    parts.body = `[${args}, ${kwargs}, {"callbacks": null, "errbacks": null, "chain": null, "chord": null}]`;
  });
}

/** A capture under new ids, the same for the same label; each has a delivery tag of its own, which celery-ts gives none. */
function fromCapture(name: string, label: string, change?: (parts: Parts) => void): SentMessage {
  const { raw, redis_key: key } = readVector(name);
  const fresh = (text: string) =>
    text.replace(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, (id) => nameUuid(`${name} ${label} ${id}`));
  const outer: Json & { headers: Json; properties: Json; body: string } = JSON.parse(raw);
  const isZlib = typeof outer.headers.compression === 'string';
  const isText = outer['content-type'] === 'application/json' || outer['content-type'] === 'application/foo';
  const bytes = Buffer.from(outer.body, 'base64');
  const body = isText ? (isZlib ? inflateSync(bytes) : bytes).toString() : '';
  const parts: Parts = {
    headers: JSON.parse(fresh(JSON.stringify(outer.headers))),
    properties: JSON.parse(fresh(JSON.stringify(outer.properties))),
    body: fresh(body).replace('sleep:30', 'sleep:1'),
  };
  // Ids that are no uuids, such as "eta-1", are fine as they are: each occurs once.
  change?.(parts);
  parts.properties.delivery_tag = nameUuid(`${name} ${label} tag`);
  const bodyBytes = isZlib ? deflateSync(parts.body) : Buffer.from(parts.body);
  const sealed = isText ? bodyBytes.toString('base64') : outer.body;
  return {
    label: `${name}: ${label}`,
    key,
    raw: JSON.stringify({ ...outer, headers: parts.headers, properties: parts.properties, body: sealed }),
  };
}

/** Whatever the client left in the lists, oldest first. */
async function takeSent(source: Redis, targets: readonly Redis[]): Promise<SentMessage[]> {
  const sent: SentMessage[] = [];
  for (const key of allLists.flatMap((list) => [0, 3, 6, 9].map((step) => listKey(list, step)))) {
    for (const raw of (await source.lrange(key, 0, -1)).toReversed()) sent.push({ label: labelOf(raw), key, raw });
  }
  for (const key of await source.keys('celery-taskset-meta-*')) {
    for (const target of targets) await target.setex(key, 3_600, (await source.get(key)) ?? '');
  }
  return sent;
}

function labelOf(raw: string): string {
  const { headers, body }: { headers: Json; body: string } = JSON.parse(raw);
  if (typeof headers.task !== 'string') return `by Python, protocol 1: ${Buffer.from(body, 'base64').toString()}`;
  const embed = typeof headers.compression === 'string' ? '' : Buffer.from(body, 'base64').toString();
  return `by Python: ${headers.task} ${headers.argsrepr} ${embed.slice(embed.indexOf('"callbacks"'), 4_000)}`;
}

function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

function randomValue(next: () => number, depth: number): unknown {
  const pick = Math.floor(next() * (depth > 0 ? 8 : 6));
  const some = <T>(make: () => T) => Array.from({ length: Math.floor(next() * 4) }, make);
  const word = () => some(() => [...'añ b\'"\\\n🎉日-'][Math.floor(next() * 11)] ?? '').join('');
  switch (pick) {
    case 0:
      return Math.floor(next() * 1e6) - 5e5;
    case 1:
      return Math.round(next() * 1e6) / 64 + 0.5;
    case 2:
      return next() < 0.5;
    case 3:
      return null;
    case 6:
      return some(() => randomValue(next, depth - 1));
    case 7:
      return Object.fromEntries(some(() => [`k${word()}`, randomValue(next, depth - 1)]));
    default:
      return `x${word()}`;
  }
}
