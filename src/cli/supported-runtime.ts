/** Says whether this program runs on this runtime; imports nothing that an old one lacks. */

/** As "engines" of package.json has it. */
const oldest = { major: 20, minor: 19 };

/** One sentence for a runtime that is too old or another one; undefined: it fits. */
export function unsupportedRuntime(versions: Readonly<Record<string, string | undefined>>): string | undefined {
  const [major = 0, minor = 0] = (versions.node ?? '').split('.').map(Number);
  const isNew = major > oldest.major || (major === oldest.major && minor >= oldest.minor);
  if (isNew && versions.bun === undefined && versions.deno === undefined) return undefined;
  return `vambe needs Node.js ${oldest.major}.${oldest.minor} or newer; this is ${nameOf(versions)}. Install it from https://nodejs.org.`;
}

/** Bun and Deno report a version of Node.js in addition to their own. */
function nameOf({ bun, deno, node }: Readonly<Record<string, string | undefined>>): string {
  if (bun !== undefined) return `Bun ${bun}`;
  return deno === undefined ? `Node.js ${node}` : `Deno ${deno}`;
}
