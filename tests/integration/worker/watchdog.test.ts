import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { productModule, runsProduct } from '../../helpers/product.ts';

const watchdog = JSON.stringify(productModule('core/process/watchdog'));

/** A process with a watchdog of 0.4 s that then does this. */
function watched(work: string) {
  const program = `const { createWatchdog } = await import(${watchdog});
    const dog = createWatchdog({ limitMs: 400, format: 'json' }); await dog.start(); ${work}`;
  return spawnSync(process.execPath, [...runsProduct, '--input-type=module', '-e', program], {
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    encoding: 'utf8',
    timeout: 25_000,
  });
}

it('ends a process whose event loop is blocked from the first moment on, and says so', () => {
  const { signal, stderr } = watched('for (;;);');
  expect(signal).toBe('SIGKILL');
  expect(JSON.parse(stderr)).toMatchObject({ level: 'error', event: 'worker.blocked', blocked_s: 0 });
});

it('keeps no process alive that has nothing to do', () => {
  expect(watched('')).toMatchObject({ status: 0, signal: null, stderr: '' });
});

it('does nothing to a loop that turns, nor after it was stopped', () => {
  const turns = 'for (let n = 0; n < 10; n++) await new Promise((resolve) => setTimeout(resolve, 100));';
  const block = 'const until = performance.now() + 1_500; while (performance.now() < until);';
  expect(watched(`${turns} dog.stop(); ${block}`)).toMatchObject({ status: 0, signal: null, stderr: '' });
});
