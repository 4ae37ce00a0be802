/** Compares two recordings field by field. Pure. */
import type { Fields, Recording, WrittenDocument } from './record.ts';

export interface Difference {
  /** `document FAILURE`, `event task-failed`, `reply stats` … */
  readonly what: string;
  /** Of the field, with dots; empty: the whole. */
  readonly path: string;
  readonly theirs: unknown;
  readonly ours: unknown;
  /** The message or the command it belongs to. */
  readonly of: string;
}

type Place = Pick<Difference, 'what' | 'of'>;

/** Of what the messages led to; `labels` by task id. */
export function compareRecordings(
  theirs: Recording,
  ours: Recording,
  labels: ReadonlyMap<string, string>,
): readonly Difference[] {
  const [a, b] = [theirs, ours].map((each) => renamed(each, labels));
  if (!a || !b) return [];
  // Runs of schedules have no message.
  const isKnown = (id: string) => labels.has(id) || id.startsWith('child ');
  const ids = new Set([...labels.keys(), ...a.documents.keys(), ...b.documents.keys()].filter(isKnown));
  return [...ids].flatMap((id) => {
    const of = labels.get(id) ?? labelOf(id, labels);
    return [
      ...compareDocuments(of, a.documents.get(id) ?? [], b.documents.get(id) ?? []),
      ...compareEvents(of, eventsOf(a, id), eventsOf(b, id)),
    ];
  });
}

/** `child 0 of child 1 of <id>`: whose label it has. */
function labelOf(id: string, labels: ReadonlyMap<string, string>): string {
  const root = id.split(' of ').at(-1) ?? '';
  return `${id}: ${labels.get(root)}`;
}

const statusOf = ({ fields }: WrittenDocument) => String(fields.status);
const typeOf = (event: Fields) => String(event.type);

/** The sequence of states, and each document of theirs with the one of ours of the same state and number. */
function compareDocuments(
  of: string,
  theirs: readonly WrittenDocument[],
  ours: readonly WrittenDocument[],
): readonly Difference[] {
  const states = [theirs, ours].map((documents) => documents.map(statusOf).join(' '));
  return [
    ...compareValues({ what: 'documents', of }, 'states', states[0], states[1]),
    ...pairs(theirs, ours, statusOf).flatMap(([a, b]) => {
      const place = { what: `document ${statusOf(a)}`, of };
      return compareValues(
        place,
        '',
        { ...a.fields, life: a.lifeSeconds, published: a.isPublished },
        { ...b.fields, life: b.lifeSeconds, published: b.isPublished },
      );
    }),
  ];
}

function compareEvents(of: string, theirs: readonly Fields[], ours: readonly Fields[]): readonly Difference[] {
  const types = [theirs, ours].map((events) => events.map(typeOf).join(' '));
  return [
    ...compareValues({ what: 'events', of }, 'types', types[0], types[1]),
    ...pairs(theirs, ours, typeOf).flatMap(([a, b]) => compareValues({ what: `event ${typeOf(a)}`, of }, '', a, b)),
  ];
}

function pairs<T>(theirs: readonly T[], ours: readonly T[], kindOf: (each: T) => string): (readonly [T, T])[] {
  return [...new Set(theirs.map(kindOf))].flatMap((kind) => {
    const others = ours.filter((each) => kindOf(each) === kind);
    return theirs
      .filter((each) => kindOf(each) === kind)
      .flatMap((each, index) => {
        const other = others[index];
        return other === undefined ? [] : [[each, other] as const];
      });
  });
}

/** Every field that differs, or that one side alone has. */
export function compareValues(place: Place, path: string, theirs: unknown, ours: unknown): readonly Difference[] {
  if (Object.is(theirs, ours)) return [];
  if (
    typeof theirs !== 'object' ||
    typeof ours !== 'object' ||
    theirs === null ||
    ours === null ||
    Array.isArray(theirs) !== Array.isArray(ours)
  ) {
    return [{ ...place, path, theirs, ours }];
  }
  const [a, b] = [theirs as Fields, ours as Fields];
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].flatMap((key) => compareValues(place, path === '' ? key : `${path}.${key}`, a[key], b[key]));
}

function eventsOf({ events }: Recording, id: string): readonly Fields[] {
  return events.filter(({ uuid }) => uuid === id);
}

/** Ids that a side made up itself are named after their parent, so that they mean the same on both sides. */
function renamed(recording: Recording, labels: ReadonlyMap<string, string>): Recording {
  const names = new Map<string, string>();
  const nameOf = (id: string) => (labels.has(id) ? id : names.get(id));
  for (let unnamed = [...recording.documents.keys()].filter((id) => !labels.has(id)); ; ) {
    const ready = unnamed.filter((id) => nameOf(String(lastOf(recording, id).parent_id)) !== undefined);
    if (ready.length === 0) break;
    const sorted = [...ready].sort((a, b) => orderOf(recording, a).localeCompare(orderOf(recording, b)));
    for (const [n, id] of sorted.entries()) {
      const parent = nameOf(String(lastOf(recording, id).parent_id)) ?? '';
      names.set(id, `child ${n} of ${parent}`);
    }
    // Siblings are numbered among themselves.
    renumber(names, ready);
    unnamed = unnamed.filter((id) => !names.has(id));
  }
  const rename = <T>(value: T): T => {
    let text = JSON.stringify(value);
    for (const [id, name] of names) text = text.replaceAll(id, name);
    return JSON.parse(text);
  };
  return {
    documents: new Map(
      [...recording.documents].map(([id, documents]) => [
        names.get(id) ?? id,
        documents.map((each) => ({ ...each, fields: rename(each.fields) })),
      ]),
    ),
    events: recording.events.map(rename),
  };
}

function renumber(names: Map<string, string>, ids: readonly string[]): void {
  const counts = new Map<string, number>();
  const inOrder = [...ids].sort((a, b) => Number(names.get(a)?.split(' ')[1]) - Number(names.get(b)?.split(' ')[1]));
  for (const id of inOrder) {
    const parent = names.get(id)?.split(' of ').slice(1).join(' of ') ?? '';
    const n = counts.get(parent) ?? 0;
    counts.set(parent, n + 1);
    names.set(id, `child ${n} of ${parent}`);
  }
}

const lastOf = ({ documents }: Recording, id: string): Fields => documents.get(id)?.at(-1)?.fields ?? {};

/** What it answered: siblings do different things. */
const orderOf = (recording: Recording, id: string) => {
  const { status, result } = lastOf(recording, id);
  return `${status} ${JSON.stringify(result)}`;
};
