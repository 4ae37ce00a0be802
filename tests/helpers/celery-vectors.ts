/** Messages captured from real Celery producers and workers; not part of this repository, so tests skip without them. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parsePythonJson } from '../../src/celery/envelope.ts';

/** Folder of the captures and of the client app. */
export const celeryWire = fileURLToPath(new URL('../../../shared/celery-wire/', import.meta.url));
export const hasCeleryWire = existsSync(`${celeryWire}vectors`);

export interface Vector {
  readonly name: string;
  readonly redis_key: string;
  readonly raw: string;
  readonly body_decoded?: unknown;
  readonly notes: string;
}

export function readVector(name: string): Vector {
  return parsePythonJson(readFileSync(`${celeryWire}vectors/${name}.json`, 'utf8')) as Vector;
}

export function readVectors(): readonly Vector[] {
  return hasCeleryWire ? readdirSync(`${celeryWire}vectors`).map((file) => readVector(file.replace('.json', ''))) : [];
}
