/**
 * The product as a process of its own: from the build, which starts in a third of the time, where it is newer than every source;
 * from the sources otherwise.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { isBuildNewest } from '../../scripts/build-state.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;

/** Node's arguments for a program in TypeScript of the tests. */
export const runsTypeScript: readonly string[] = ['--import', tsx];

const isBuilt = isBuildNewest(root);

/** Node's arguments for a script that imports modules of the product. */
export const runsProduct = isBuilt ? [] : runsTypeScript;

/** The address of a module of the product; `cli/main` is src/cli/main.ts, or what the build made of it. */
export function productModule(name: string): string {
  return pathToFileURL(join(root, isBuilt ? `dist/${name}.js` : `src/${name}.ts`)).href;
}

/** Node's arguments that start a program of the product; from its sources it also loads tasks in TypeScript. */
export function productProgram(
  name: 'cli/main' | 'worker',
  { fromSources = !isBuilt }: { readonly fromSources?: boolean } = {},
): readonly string[] {
  return fromSources ? [...runsTypeScript, join(root, `src/${name}.ts`)] : [join(root, `dist/${name}.js`)];
}
