/** A claim in Redis tells other workers for a limited time that a job is being worked on. It avoids paying twice, but it is not a lock. */
import type { Redis } from './connections/redis.ts';

export interface Claims {
  /** True when `owner` holds the claim now, also when it already had it. */
  claim(key: string, owner: string, lifeMs: number): Promise<boolean>;
  /** Releases the claim early; does nothing when another owner has it now. */
  release(key: string, owner: string): Promise<void>;
}

const releaseScript = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`;

export function createClaims(redis: Redis): Claims {
  const keyOf = (key: string) => `vambe:claim:${key}`;
  return {
    async claim(key, owner, lifeMs) {
      const taken = await redis.set(keyOf(key), owner, 'PX', lifeMs, 'NX');
      return taken === 'OK' || (await redis.get(keyOf(key))) === owner;
    },
    async release(key, owner) {
      await redis.eval(releaseScript, 1, keyOf(key), owner);
    },
  };
}
