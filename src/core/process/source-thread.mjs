// Runs the TypeScript file that its argument names, in a thread: there Node's --import loads no TypeScript. Not part of the build.
import { tsImport } from 'tsx/esm/api';

await tsImport(process.argv[2], import.meta.url);
