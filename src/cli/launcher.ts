/** How the next command is written where this one was run. */
import { existsSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

interface Place {
  readonly cwd?: string;
  /** The product's folder. */
  readonly root?: string;
  readonly platform?: string;
}

/** `./vambe` in a checkout of the product, `vambe` elsewhere: a package and the image have no launcher in their folder. */
export function launcherName({
  cwd = process.cwd(),
  root = fileURLToPath(new URL('../..', import.meta.url)),
  platform = process.platform,
}: Place = {}): string {
  const isCheckout = existsSync(join(root, 'vambe')) && realpathSync(cwd) === realpathSync(root);
  if (!isCheckout) return 'vambe';
  return platform === 'win32' ? '.\\vambe' : './vambe';
}
