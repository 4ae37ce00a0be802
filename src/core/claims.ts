/** A claim says "I am on it" in Redis, for a while. It saves doing paid work twice; it never proves ownership. */
import type { Redis } from './redis.ts';

export interface Claims {
  /** True when `owner` has the claim now, also when it had it already. */
  claim(key: string, owner: string, lifeMs: number): Promise<boolean>;
  /** Gives it back early; harmless when it is someone else's by now. */
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
