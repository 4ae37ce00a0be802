import { readFile } from 'node:fs/promises';

/** Reads a JSON file that the build wrote; undefined where it does not exist, as in sources without a build. */
export async function readBuiltJson<T>(file: URL): Promise<T | undefined> {
  const json = await readFile(file, 'utf8').catch(() => undefined);
  return json === undefined ? undefined : JSON.parse(json);
}
