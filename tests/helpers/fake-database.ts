/** A database that is none: named statements are answered by the test, and each call is listed. */
import type { Database } from '../../src/core/database.ts';

export type Answer = readonly unknown[] | ((values: readonly unknown[]) => readonly unknown[]);

export interface FakeDatabase extends Database {
  /** Statements that ran, in order. */
  readonly calls: readonly { readonly name: string; readonly values: readonly unknown[] }[];
  /** Values of the audit rows that `noteAction` wrote: actor, action, object, after, reason. */
  readonly notes: readonly (readonly unknown[])[];
}

export interface FakeDatabaseOptions {
  /** Rows by statement name; a statement that is not named is a fault of the test. */
  readonly statements?: Readonly<Record<string, Answer>>;
  /** Answers a statement inside a transaction by its text; unset: no rows. */
  readonly transaction?: (text: string, values: readonly unknown[]) => readonly unknown[];
  /** Answers the typed queries of the orm, in turn, as arrays of columns; unset: no rows. */
  readonly orm?: readonly (readonly unknown[])[];
}

export function createFakeDatabase({ statements = {}, transaction, orm = [] }: FakeDatabaseOptions = {}): FakeDatabase {
  const calls: { name: string; values: readonly unknown[] }[] = [];
  const left = [...orm];
  const run = async (statement: { name: string }, values: readonly unknown[]) => {
    calls.push({ name: statement.name, values });
    if (statement.name === 'audit_note') return [];
    const answer = statements[statement.name];
    if (answer === undefined) throw new Error(`the test has no answer for the statement ${statement.name}`);
    return typeof answer === 'function' ? answer(values) : answer;
  };
  const fake = {
    orm: { $client: { query: async () => ({ rows: left.shift() ?? [] }) } },
    translate: (error: unknown) => error,
    run,
    runLoosely: run,
    withClient: async (use: (client: unknown) => Promise<unknown>) =>
      use({
        query: async (text: string, values: readonly unknown[] = []) => ({ rows: transaction?.(text, values) ?? [] }),
      }),
    testConnection: async () => ({ version: '17', latencyMs: 1, database: 'fake' }),
    close: async () => undefined,
    calls,
    get notes() {
      return calls.filter(({ name }) => name === 'audit_note').map(({ values }) => values);
    },
  };
  return fake as unknown as FakeDatabase;
}
