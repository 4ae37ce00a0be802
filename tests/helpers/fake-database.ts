/** A database that answers statements by their names, and keeps what it was asked; for unit tests of services. */
import type { Database, Statement } from '../../src/core/database.ts';

type Answer = readonly unknown[] | ((values: readonly unknown[]) => readonly unknown[]);

export interface FakeDatabase extends Database {
  /** Values of each call of the statement. */
  calls(name: string): readonly (readonly unknown[])[];
}

/** Keyed by a statement's name; where it has none, by a piece of its text. A statement without an answer gives no rows. */
export function createFakeDatabase(answers: Readonly<Record<string, Answer>> = {}): FakeDatabase {
  const asked: { statement: Statement; values: readonly unknown[] }[] = [];
  const isMeant = (key: string, { name, text }: Statement) => (name === '' ? text.includes(key) : name === key);
  const run = async <Row>(statement: Statement, values: readonly unknown[]): Promise<Row[]> => {
    asked.push({ statement, values });
    const found = Object.entries(answers).find(([key]) => isMeant(key, statement))?.[1] ?? [];
    return [...(typeof found === 'function' ? found(values) : found)] as Row[];
  };
  const notHere = () => {
    throw new Error('the fake database only runs statements');
  };
  return {
    run,
    runLoosely: run,
    get orm(): never {
      return notHere();
    },
    translate: (error) => error,
    withClient: notHere,
    testConnection: async () => ({ version: '16.0', latencyMs: 1, database: 'fake' }),
    close: async () => undefined,
    calls: (name) => asked.filter(({ statement }) => isMeant(name, statement)).map(({ values }) => values),
  };
}
