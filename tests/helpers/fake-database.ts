/** A database that answers statements by their names, and keeps what it was asked; for unit tests of services. */
import type { Database, Statement } from '../../src/core/connections/database.ts';

type Answer = readonly unknown[] | ((values: readonly unknown[]) => readonly unknown[]);

export interface FakeDatabase extends Database {
  /** Values of each call of the statement. */
  calls(name: string): readonly (readonly unknown[])[];
  /** Names of all statements, in order; without those of transactions. */
  readonly asked: readonly string[];
}

export interface FakeSessions {
  /** Answers a statement of a transaction by its text; unset: no rows. */
  readonly transaction?: (text: string, values: readonly unknown[]) => readonly unknown[];
  /** Answers the typed queries of the orm, in turn, with rows as arrays of columns; unset: no rows. */
  readonly orm?: readonly (readonly unknown[])[];
}

/** Keyed by a statement's name; where it has none, by a piece of its text. A statement without an answer gives no rows. */
export function createFakeDatabase(
  answers: Readonly<Record<string, Answer>> = {},
  { transaction, orm = [] }: FakeSessions = {},
): FakeDatabase {
  const asked: { statement: Statement; values: readonly unknown[] }[] = [];
  const isMeant = (key: string, { name, text }: Statement) => (name === '' ? text.includes(key) : name === key);
  const run = async <Row>(statement: Statement, values: readonly unknown[]): Promise<Row[]> => {
    asked.push({ statement, values });
    const found = Object.entries(answers).find(([key]) => isMeant(key, statement))?.[1] ?? [];
    return [...(typeof found === 'function' ? found(values) : found)] as Row[];
  };
  const left = [...orm];
  const client = {
    query: async (text: string, values: readonly unknown[] = []) => ({ rows: transaction?.(text, values) ?? [] }),
  };
  const fake = {
    run,
    runLoosely: run,
    orm: { $client: { query: async () => ({ rows: left.shift() ?? [] }) } },
    translate: (error: unknown) => error,
    withClient: async (use: (given: typeof client) => unknown) => use(client),
    testConnection: async () => ({ version: '16.0', latencyMs: 1, database: 'fake' }),
    close: async () => undefined,
    calls: (name: string) => asked.filter(({ statement }) => isMeant(name, statement)).map(({ values }) => values),
    get asked() {
      return asked.map(({ statement }) => statement.name);
    },
  };
  return fake as unknown as FakeDatabase;
}
