import { readFile } from 'node:fs/promises';

/** A JSON file of the build's, as the build wrote it; undefined where there is none, as beside sources that were not built. */
export async function readBuiltJson<T>(file: URL): Promise<T | undefined> {
  const json = await readFile(file, 'utf8').catch(() => undefined);
  return json === undefined ? undefined : JSON.parse(json);
}
