import { describe, expect, it } from 'vitest';
import { prefixes, redisRefusalOf, translateRedisError } from '../../../../src/core/server-faults/redis.ts';

const reply = (message: string) => Object.assign(new Error(message), { name: 'ReplyError' });
const translate = (message: string) => translateRedisError(reply(message), 'redis://cache.example:6379/0');

describe('replies of Redis', () => {
  it.each([
    ["OOM command not allowed when used memory > 'maxmemory'.", 'REDIS_FULL', 'is full'],
    [
      'MISCONF Redis is configured to save RDB snapshots, but it cannot persist to disk.',
      'REDIS_UNREACHABLE',
      'cannot save',
    ],
    ['LOADING Redis is loading the dataset in memory', 'REDIS_UNREACHABLE', 'is loading'],
    ['BUSY Redis is busy running a script.', 'REDIS_UNREACHABLE', 'is busy with a script'],
    ["READONLY You can't write against a read only replica.", 'REDIS_UNREACHABLE', 'is a replica'],
    [
      "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
      'REDIS_UNREACHABLE',
      'lost its primary',
    ],
    ["NOMASTERLINK Can't SYNC while not connected with my master", 'REDIS_UNREACHABLE', 'lost its primary'],
    ['NOREPLICAS Not enough good replicas to write.', 'REDIS_UNREACHABLE', 'too few replicas'],
    [
      'UNBLOCKED force unblock from blocking operation, instance state changed',
      'REDIS_UNREACHABLE',
      'became a replica',
    ],
    ['IOERR error or timeout reading to target instance', 'REDIS_UNREACHABLE', 'another server'],
    ['TRYAGAIN Multiple keys request during rehashing of slot', 'REDIS_UNREACHABLE', 'moves its keys'],
    ['CLUSTERDOWN The cluster is down', 'REDIS_UNREACHABLE', 'cluster that is down'],
    ['MOVED 3999 127.0.0.1:6381', 'REDIS_UNSUITABLE', 'part of a cluster'],
    ['ASK 3999 127.0.0.1:6381', 'REDIS_UNSUITABLE', 'part of a cluster'],
    ["CROSSSLOT Keys in request don't hash to the same slot", 'REDIS_UNSUITABLE', 'part of a cluster'],
    ['NOAUTH Authentication required.', 'REDIS_REFUSED', 'wants a password'],
    ['WRONGPASS invalid username-password pair or user is disabled.', 'REDIS_REFUSED', 'refused the user or password'],
    ["NOPERM this user has no permissions to run the 'eval' command", 'REDIS_REFUSED', 'lets this user do too little'],
    ['DENIED Redis is running in protected mode', 'REDIS_REFUSED', 'other machines'],
    ['NOPROTO unsupported protocol version', 'REDIS_UNSUITABLE', 'version of the protocol'],
    ['ERR max number of clients reached', 'REDIS_UNREACHABLE', 'maxclients'],
    ['ERR DB index is out of range', 'REDIS_REFUSED', 'does not have the database'],
    ['ERR invalid DB index', 'REDIS_REFUSED', 'does not have the database'],
    ['ERR operation not permitted', 'REDIS_REFUSED', 'refused the password'],
    ["ERR unknown command 'EVALSHA', with args beginning with: ", 'REDIS_UNSUITABLE', 'lacks a command'],
    ['ERR something new', 'REDIS_UNREACHABLE', 'takes no work'],
  ])('"%s" becomes %s and keeps its words (O6)', (message, code, words) => {
    const error = translate(message);
    expect(error).toMatchObject({ code, message: expect.stringContaining(words) });
    expect(error.message).toContain(message.split(/ /).slice(0, 3).join(' ').replace(/[.,]$/, ''));
  });

  it('each prefix of the table that speaks of the server is known at the head of a reply and inside a script error (O6)', () => {
    for (const [prefix, refusal] of Object.entries(prefixes)) {
      const code = refusal?.code;
      expect([prefix, redisRefusalOf(reply(`${prefix} some words`))?.code]).toEqual([prefix, code]);
      const inScript = `ERR Error running script (call to f_0a): @user_script:1: -${prefix} some words`;
      expect([prefix, redisRefusalOf(reply(inScript))?.code]).toEqual([prefix, code]);
    }
  });

  it('a discarded transaction tells its cause (O6)', () => {
    const discarded = (cause: string) =>
      Object.assign(reply('EXECABORT Transaction discarded because of previous errors.'), {
        previousErrors: [reply(cause)],
      });
    const where = 'redis://cache.example:6379/0';
    expect(translateRedisError(discarded('OOM command not allowed'), where)).toMatchObject({ code: 'REDIS_FULL' });
    expect(translateRedisError(discarded('NOPERM no permissions'), where)).toMatchObject({ code: 'REDIS_REFUSED' });
  });

  it('the arguments of a command that is not known, which may hold a password, are not repeated (O6)', () => {
    const error = translate(
      "ERR unknown command 'HELLO', with args beginning with: '3' 'AUTH' 'default' 'secret-word' ",
    );
    expect(error.message).not.toContain('secret-word');
  });

  it('no lost connection, lost lock or fault of a command is taken for a refusal (O6)', () => {
    for (const message of [
      'connect ECONNREFUSED 127.0.0.1:1',
      'Missing lock for job 1',
      'ERR wrong number of arguments',
      'WRONGTYPE Operation against a key holding the wrong kind of value',
    ])
      expect(redisRefusalOf(reply(message))).toBeUndefined();
  });
});
