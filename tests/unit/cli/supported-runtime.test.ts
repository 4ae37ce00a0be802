import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { unsupportedRuntime } from '../../../src/cli/supported-runtime.ts';

test.each(['20.19.0', '20.20.2', '22.0.0', '26.1.0-nightly'])('Node.js %s is supported (V7)', (node) => {
  expect(unsupportedRuntime({ node })).toBeUndefined();
});

test.each([
  [{ node: '18.20.8' }, 'Node.js 18.20.8'],
  [{ node: '20.18.3' }, 'Node.js 20.18.3'],
  [{ node: '24.3.0', bun: '1.4.5' }, 'Bun 1.4.5'],
  [{ node: '22.1.0', deno: '2.3.1' }, 'Deno 2.3.1'],
])('%j is named in one sentence that says what is needed (V7)', (versions, name) => {
  const { engines } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
  const needed = engines.node.replace('>=', '');
  expect(unsupportedRuntime(versions)).toBe(
    `vambe needs Node.js ${needed} or newer; this is ${name}. Install it from https://nodejs.org.`,
  );
});
