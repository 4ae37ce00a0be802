/** Finds open rows whose BullMQ job Redis no longer holds: single keys vanish when Redis evicts them or a person deletes them. */

import type { Redis } from '../connections/redis.ts';
import type { JobLedger, OpenJob } from '../job-ledger.ts';
import { bullJobId, groupByQueue, queuePrefix } from './queues.ts';

type Delivered = Pick<OpenJob, 'rowId' | 'queue' | 'delivery'>;

/**
 * A job is held when its hash is complete, not finished, and its id is in one of the queue's lists; or when a worker still renews
 * its lock, as that worker ends the row even if the other keys are gone. One script sees all keys at one moment: a job that
 * moves between two lists would otherwise look lost. Answers with the positions of lost ids. The lists without scores are read
 * once and only where a job is in no sorted set: every job of a row has a priority, so they are short.
 */
const findLostScript = `
local listed
local function isListed(id)
  if not listed then
    listed = {}
    for each = 1, 3 do
      local ids = redis.pcall('LRANGE', KEYS[each], 0, -1)
      if not ids.err then for _, found in ipairs(ids) do listed[found] = true end end
    end
  end
  return listed[id]
end
local function hasScore(key, id)
  return type(redis.pcall('ZSCORE', key, id)) == 'string'
end
local lost = {}
for position = 2, #ARGV do
  local id = ARGV[position]
  local hash = redis.pcall('HMGET', ARGV[1] .. id, 'timestamp', 'finishedOn')
  local isWhole = not hash.err and hash[1] and not hash[2]
  local isThere = isWhole and (hasScore(KEYS[4], id) or hasScore(KEYS[5], id) or isListed(id))
  if not isThere and redis.call('EXISTS', ARGV[1] .. id .. ':lock') == 0 then lost[#lost + 1] = position - 2 end
end
return lost`;

/** Removes what a lost delivery left: an entry without a hash would be given to a worker, a hash without an entry stays forever. */
const removeRemainsScript = `
for position = 2, #ARGV do
  local id = ARGV[position]
  local key = ARGV[1] .. id
  if redis.call('EXISTS', key .. ':lock') == 0 then
    redis.pcall('ZREM', KEYS[1], id)
    redis.pcall('ZREM', KEYS[2], id)
    -- BullMQ keeps what failed for a look.
    if type(redis.pcall('HGET', key, 'finishedOn')) ~= 'string' then redis.call('DEL', key) end
  end
end
return 0`;

/** Rows whose current delivery Redis does not hold, in the order given. */
export async function findLostJobs<Row extends Delivered>(redis: Redis, rows: readonly Row[]): Promise<readonly Row[]> {
  const found = await Promise.all(
    [...groupByQueue(rows)].map(async ([queue, ofQueue]) => {
      const lists = ['active', 'wait', 'paused', 'prioritized', 'delayed'].map(
        (list) => `${queuePrefix}:${queue}:${list}`,
      );
      const answer = await redis.eval(findLostScript, lists.length, ...lists, ...scriptArguments(queue, ofQueue));
      const positions = new Set(Array.isArray(answer) ? answer : []);
      return ofQueue.filter((_row, position) => positions.has(position));
    }),
  );
  return found.flat();
}

/** `rows` as they were before they were delivered again. */
export async function removeRemains(redis: Redis, rows: readonly Delivered[]): Promise<void> {
  for (const [queue, ofQueue] of groupByQueue(rows)) {
    const sets = ['prioritized', 'delayed'].map((list) => `${queuePrefix}:${queue}:${list}`);
    await redis.eval(removeRemainsScript, sets.length, ...sets, ...scriptArguments(queue, ofQueue));
  }
}

function scriptArguments(queue: string, rows: readonly Delivered[]): string[] {
  return [`${queuePrefix}:${queue}:`, ...rows.map(bullJobId)];
}

/** Rows of a page when all are counted. */
const rowsPerCount = 2_500;

/** How many open rows that were delivered longer ago than `olderThanMs` Redis does not hold, among the first `maxRows`. */
export async function countLostJobs(
  { redis, ledger }: { readonly redis: Redis; readonly ledger: Pick<JobLedger, 'listOpen'> },
  { olderThanMs, maxRows }: { readonly olderThanMs: number; readonly maxRows: number },
): Promise<number> {
  let lost = 0;
  let afterRowId = '0';
  for (let rows = 0; rows < maxRows; rows += rowsPerCount) {
    const page = await ledger.listOpen({ afterRowId, limit: rowsPerCount, olderThanMs });
    lost += (await findLostJobs(redis, page)).length;
    afterRowId = page.at(-1)?.rowId ?? afterRowId;
    if (page.length < rowsPerCount) break;
  }
  return lost;
}
