/** Messages captured from real Celery producers and workers, and the Celery app of the tests. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parsePythonJson } from '../../src/celery/protocol/envelope.ts';

const folder = fileURLToPath(new URL('../fixtures/celery/', import.meta.url));

/** Folder of app.py, for Python's path. */
export const celeryAppFolder = `${folder}app`;

export interface Vector {
  readonly name: string;
  readonly redis_key: string;
  readonly raw: string;
  readonly body_decoded?: unknown;
}

let vectors: ReadonlyMap<string, Vector> | undefined;

export function readVector(name: string): Vector {
  const vector = readAll().get(name);
  if (vector === undefined) throw new Error(`tests/fixtures/celery/messages.jsonl has no message "${name}"`);
  return vector;
}

export function readVectors(): readonly Vector[] {
  return [...readAll().values()];
}

function readAll(): ReadonlyMap<string, Vector> {
  vectors ??= new Map(
    readFileSync(`${folder}messages.jsonl`, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => parsePythonJson(line) as Vector)
      .map((vector) => [vector.name, vector]),
  );
  return vectors;
}
