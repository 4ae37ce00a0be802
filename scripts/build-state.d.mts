export function isBuilt(root: string): boolean;
export function isBuildNewest(root: string): boolean;
export function markBuilt(root: string, startedAt: Date): void;
export function buildAlone(
  root: string,
  options: { isNeeded: () => boolean; build: () => void | Promise<void>; timeoutMs?: number; pollMs?: number },
): Promise<void>;
