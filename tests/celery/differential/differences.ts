/** What may differ between a Python worker and ours, each with its reason. docs/recipes/replace-celery.md shows this table. */
import type { Difference } from './compare.ts';

interface Place {
  /** `document FAILURE`, `event task-failed`, `reply stats`; `documents` and `events` are the sequence of them. */
  readonly what: RegExp;
  readonly path: RegExp;
  /** Unset: any message or command. */
  readonly of?: RegExp;
  /** Unset: whatever the values are. */
  holds?(theirs: unknown, ours: unknown): boolean;
}

export interface AllowedDifference {
  readonly says: string;
  readonly reason: string;
  /** It is there in some runs only. */
  readonly isByChance?: boolean;
  readonly places: readonly Place[];
}

const uuid = /^(?:child \d+ of )?[0-9a-f]{8}-/;
const areNumbers = (theirs: unknown, ours: unknown) => typeof theirs === 'number' && typeof ours === 'number';
const areIds = (...both: readonly unknown[]) => both.every((each) => typeof each === 'string' && uuid.test(each));
const areTexts = (...both: readonly unknown[]) => both.every((each) => typeof each === 'string' && each !== '');
const words = (value: unknown) => String(value).split(' ');
const without = (value: unknown, word: string) =>
  words(value)
    .filter((each) => each !== word)
    .join(' ');
const sortedSigns = (value: unknown) => [...String(value).replaceAll(/(\d)\.0\b/g, '$1')].sort().join('');
const withoutFunction = (value: unknown) =>
  String(value)
    .replaceAll(/_?(?:classify|health)(?:_meeting|_check)?\(\)/g, 'f()')
    .replaceAll(/\d+ (?=positional|were|was)|from \d+ to \d+ /g, '');
const unique = (value: unknown) =>
  words(value)
    .filter((each, at, all) => each !== all[at - 1])
    .join(' ');

const dropped = /pickle|yaml|poison-(?!v1|expires)|has no moment/;

export const allowedDifferences: readonly AllowedDifference[] = [
  {
    says: 'pid, clock, time stamps, run time, load, memory',
    reason: 'two processes at two moments',
    places: [
      { what: /^event /, path: /^(pid|clock|timestamp|runtime|loadavg\.\d)$/, holds: areNumbers },
      { what: /^document STARTED$/, path: /^result\.pid$/, holds: areNumbers },
      {
        what: /^reply /,
        path: /^(pid|clock|uptime|(\d\.)?(\d\.request\.|request\.)?(worker_pid|time_start)|rusage\.\w+|.*\.1\.(time_start|worker_pid))$/,
      },
      { what: /^reply (memsample|memdump)$/, path: /^$/ },
      { what: /^reply hello$/, path: /^revoked\..*\.0$/, holds: areNumbers },
    ],
  },
  {
    says: '`date_done` has its zone',
    reason: 'as Celery 5.6 writes it; 5.2 reads it too',
    places: [
      {
        what: /^document /,
        path: /^date_done$/,
        holds: (theirs, ours) => areTexts(theirs, ours) && String(ours).endsWith('+00:00'),
      },
    ],
  },
  {
    says: 'text of tracebacks',
    reason: 'there are no frames of Python in it; it ends with exception and error code',
    places: [{ what: /^(document|event) /, path: /^traceback$/, holds: areTexts }],
  },
  {
    says: '`sw_ident`, `sw_ver`, `report`, `conf`, `pool` and `broker` of `stats`',
    reason: 'they describe the worker itself and its settings',
    places: [
      { what: /^event worker-/, path: /^sw_(ident|ver)$/, holds: areTexts },
      { what: /^reply (report|conf)$/, path: /./ },
      { what: /^reply stats$/, path: /^(pool|broker|total|prefetch_count)/ },
    ],
  },
  {
    says: 'no STARTED of a task that ends within 50 ms',
    reason: 'no client could read it in time',
    places: [
      {
        what: /^documents$/,
        path: /^states$/,
        holds: (theirs, ours) => without(theirs, 'STARTED') === without(ours, 'STARTED'),
      },
    ],
  },
  {
    says: 'STARTED, PROGRESS and RETRY are stored and not published',
    reason: '`celery-ts` takes the first published message as the result',
    places: [
      {
        what: /^document (STARTED|PROGRESS|RETRY)$/,
        path: /^published$/,
        holds: (theirs, ours) => theirs === true && ours === false,
      },
    ],
  },
  {
    says: 'the order of `task-retried` and the next `task-received`',
    reason: 'in Celery two processes write them, in either order',
    places: [
      {
        what: /^events$/,
        path: /^types$/,
        holds: (theirs, ours) =>
          String(theirs).replaceAll('task-retried task-received', 'task-received task-retried') === ours,
      },
    ],
  },
  {
    says: 'a retry is received again without a time',
    reason: 'its time is not known where events are written',
    places: [{ what: /^event task-received$/, path: /^eta$/, holds: (_theirs, ours) => ours === null }],
  },
  {
    says: 'more fields of PROGRESS',
    reason: 'percent, stage, message and meeting are for the API',
    places: [
      {
        what: /^document PROGRESS$/,
        path: /^result\.(percent|stage|message|meeting_id)$/,
        holds: (theirs) => theirs === undefined,
      },
    ],
  },
  {
    says: 'ids of links and groups that a worker sends',
    reason: 'derived from the parent, so that a second run after a kill sends nothing twice',
    places: [{ what: /^document /, path: /^(group_id|children\..*)$/, holds: areIds }],
  },
  {
    says: "`parent_id` and `root_id` of a chord's body",
    reason: 'the member that ended last, which may be another one',
    isByChance: true,
    places: [
      {
        what: /^(document|event) /,
        path: /^(parent|root)_id$/,
        of: /"chord": \{|celery\.chord|chain-of-group/,
        holds: areIds,
      },
    ],
  },
  {
    says: 'no children in the FAILURE of a chord that has error links',
    reason: 'it is stored before the links are sent',
    places: [{ what: /^document FAILURE$/, path: /^children\.0$/, of: /"link_error"/ }],
  },
  {
    says: 'group and parent in the FAILURE of an unknown task',
    reason: 'Celery leaves them out',
    places: [
      {
        what: /^document FAILURE$/,
        path: /^(group_id|parent_id)$/,
        of: /no\.such\.task/,
        holds: (theirs) => theirs === undefined,
      },
    ],
  },
  {
    says: 'a message with "retries" and without a parent is its own parent',
    reason: 'Celery itself always names it',
    places: [
      {
        what: /^document (RETRY|FAILURE)$/,
        path: /^parent_id$/,
        of: /'retry'/,
        holds: (theirs) => theirs === undefined,
      },
    ],
  },
  {
    says: 'arguments in `task-received` of senders that show none, and of steps of a chain',
    reason: 'shown here too; a tuple where Python shows a list',
    places: [
      {
        what: /^event task-received$/,
        path: /^(kw)?args$/,
        holds: (theirs) => theirs === undefined || theirs === null || theirs === '',
      },
      {
        what: /^event task-received$/,
        path: /^args$/,
        holds: (theirs, ours) =>
          /^\[.*\]$/.test(String(theirs)) && String(ours).replace(/^\(|,?\)$/g, '') === String(theirs).slice(1, -1),
      },
    ],
  },
  {
    says: 'order of the entries of an object, `1000.0` shown as `1000`',
    reason: 'PostgreSQL stores arguments as jsonb, and JSON has one kind of number',
    places: [
      {
        what: /^event task-(succeeded|received)$/,
        path: /^(result|args)$/,
        holds: (theirs, ours) => sortedSigns(theirs) === sortedSigns(ours),
      },
    ],
  },
  {
    says: 'the function in a TypeError about arguments',
    reason: 'Python names its function and counts `self`; ours has the name of the task',
    places: [
      {
        what: /^document FAILURE$/,
        path: /^result\.exc_message\.0$/,
        holds: (theirs, ours) => withoutFunction(theirs) === withoutFunction(ours),
      },
      {
        what: /^event task-failed$/,
        path: /^exception$/,
        holds: (theirs, ours) => withoutFunction(theirs) === withoutFunction(ours),
      },
    ],
  },
  {
    says: 'a call with wrong arguments is not started',
    reason: 'arguments are checked on arrival',
    places: [
      {
        what: /^events$/,
        path: /^types$/,
        holds: (theirs, ours) =>
          theirs === 'task-received task-started task-failed' && ours === 'task-received task-failed',
      },
    ],
  },
  {
    says: 'a message that cannot be run is FAILURE',
    reason: 'Celery 5.2 drops it or reports success, and stores nothing: its sender waits without end',
    places: [
      {
        what: /^documents$/,
        path: /^states$/,
        of: dropped,
        holds: (theirs, ours) => theirs === '' && ours === 'FAILURE',
      },
      { what: /^events$/, path: /^types$/, of: dropped, holds: (_theirs, ours) => ours === 'task-failed' },
    ],
  },
  {
    says: 'a number for "expires" is seconds',
    reason: 'Celery 5.2 drops the message',
    places: [
      { what: /^(documents|events)$/, path: /./, of: /poison-expires-number/, holds: (theirs) => theirs === '' },
    ],
  },
  {
    says: 'NUL and lone surrogates are FAILURE',
    reason: 'PostgreSQL cannot store them',
    places: [
      {
        what: /^(documents|events)$/,
        path: /./,
        of: /^v2-delay: \["(half|nul) /,
        holds: (_theirs, ours) => /fail/i.test(String(ours)),
      },
    ],
  },
  {
    says: 'a link that cannot accept the result fails alone',
    reason: 'in Celery 5.2 its parent, which succeeded, becomes FAILURE',
    places: [
      {
        what: /^(documents|events)$/,
        path: /./,
        of: /v1-link/,
        holds: (theirs, ours) => /fail/i.test(String(theirs)) === /succe/i.test(String(ours)),
      },
    ],
  },
  {
    says: 'follow-ups of an unknown task are informed: error links, later steps, the chord',
    reason: 'Celery 5.2 drops them, and a client that asks for their results waits without end',
    places: [
      {
        what: /^(documents|events)$/,
        path: /./,
        of: /no\.such\.task|beside an unknown one/,
        holds: (theirs) => theirs === '',
      },
    ],
  },
  {
    says: '`registered` has more tasks, and `registered_tasks` is answered too',
    reason: 'the tasks of this worker; an older name of the question',
    places: [
      { what: /^reply (registered|dump_tasks)$/, path: /^\d$/, holds: (theirs) => theirs === undefined },
      { what: /^reply registered_tasks$/, path: /^$/ },
    ],
  },
  {
    says: 'an alias is the same task in `rate_limit` and `registered`',
    reason: 'Python registers two tasks with one function',
    places: [
      {
        what: /^reply registered$/,
        path: /^\d$/,
        holds: (theirs, ours) => String(ours).startsWith(`${theirs} [rate_limit=`),
      },
    ],
  },
  {
    says: '`active_queues` uses the name of the queue for exchange and routing key',
    reason: 'as `celery worker -Q` does; nothing on Redis reads them',
    places: [{ what: /^reply active_queues$/, path: /^\d\.(exchange\.name|routing_key)$/, holds: areTexts }],
  },
  {
    says: 'expired tasks are not in `revoked`',
    reason: 'their rows show it',
    places: [
      { what: /^reply (dump_)?revoked$/, path: /^\d+$/, holds: (theirs) => areIds(theirs) },
      { what: /^reply hello$/, path: /^revoked\.[0-9a-f-]{36}$/ },
    ],
  },
  {
    says: 'order of the ids in the answer to `revoke`',
    reason: 'Python stores them in a set',
    isByChance: true,
    places: [
      { what: /^reply revoke$/, path: /^ok$/, holds: (theirs, ours) => sortedSigns(theirs) === sortedSigns(ours) },
    ],
  },
  {
    says: 'a hard limit below the soft one is kept',
    reason: 'Celery 5.2 counts it from the end of the soft one',
    places: [
      {
        what: /^(documents|events)$/,
        path: /./,
        of: /stubborn:3/,
        holds: (theirs, ours) => /succe/i.test(String(theirs)) && /fail/i.test(String(ours)),
      },
    ],
  },
  {
    says: 'FAILURE after a hard limit is written once, and its event names the exception',
    reason: 'Celery 5.2 writes it twice, and names another exception on Python 3.11',
    places: [
      { what: /^event task-failed$/, path: /^(exception|traceback)$/, of: /stubborn/ },
      { what: /^documents$/, path: /^states$/, of: /stubborn/, holds: (theirs, ours) => unique(theirs) === ours },
    ],
  },
];

/** What the table does not explain. */
export function unexplained(differences: readonly Difference[]): readonly Difference[] {
  return differences.filter(
    (each) => !allowedDifferences.some(({ places }) => places.some((place) => allows(place, each))),
  );
}

/** Rows of the table that explain nothing any more. */
export function outdated(differences: readonly Difference[]): readonly string[] {
  return allowedDifferences
    .filter(
      ({ isByChance, places }) =>
        !isByChance && !differences.some((each) => places.some((place) => allows(place, each))),
    )
    .map(({ says }) => says);
}

function allows({ what, path, of, holds }: Place, each: Difference): boolean {
  if (!what.test(each.what) || !path.test(each.path) || of?.test(each.of) === false) return false;
  return holds?.(each.theirs, each.ours) ?? true;
}
