/** What Redis's error replies mean for jobs: a table of their prefixes, and their translation into AppErrors. */
import { AppError, type ErrorCode } from '../errors.ts';
import { networkFaultOf, quoted, withCauses } from './network.ts';

type RedisCode = Extract<ErrorCode, `REDIS_${string}`>;

interface Refusal {
  readonly code: RedisCode;
  /** Completes the sentence "Redis at … …". */
  readonly words: string;
  readonly remedy: string;
}

/** The command or its key is wrong, not the server. */
const command = null;

const later = (words: string, remedy: string): Refusal => ({ code: 'REDIS_UNREACHABLE', words, remedy });
const refused = (words: string, remedy: string): Refusal => ({ code: 'REDIS_REFUSED', words, remedy });
const unsuitable = (words: string, remedy: string): Refusal => ({ code: 'REDIS_UNSUITABLE', words, remedy });

const correctUser = 'Correct the user or password of its URL (REDIS_URL).';
const singleServer = 'Set REDIS_URL to a single server.';
const toPrimary = 'Point REDIS_URL at the primary.';

/** By the first word of a reply. https://redis.io/docs/latest/develop/reference/protocol-spec/#simple-errors and Redis's own src/server.c */
export const prefixes: Readonly<Record<string, Refusal | typeof command>> = {
  OOM: { code: 'REDIS_FULL', words: 'is full', remedy: 'Raise its maxmemory; accepted jobs wait.' },
  MISCONF: later('cannot save to its disk and takes no writes', 'Look at its disk and its log.'),
  LOADING: later('is loading its data', 'It answers when it has read them.'),
  BUSY: later('is busy with a script', 'Wait, or end it with SCRIPT KILL.'),
  READONLY: later('is a replica and takes no writes', toPrimary),
  MASTERDOWN: later('is a replica that has lost its primary', toPrimary),
  NOMASTERLINK: later('is a replica that has lost its primary', toPrimary),
  NOREPLICAS: later('has too few replicas and takes no writes', 'Start them, or lower min-replicas-to-write.'),
  UNBLOCKED: later('became a replica', toPrimary),
  IOERR: later('could not reach another server', 'Look at its log.'),
  TRYAGAIN: later('moves its keys', 'Wait until it has moved them.'),
  CLUSTERDOWN: later('is part of a cluster that is down', singleServer),
  MOVED: unsuitable('is part of a cluster', singleServer),
  ASK: unsuitable('is part of a cluster', singleServer),
  CROSSSLOT: unsuitable('is part of a cluster', singleServer),
  NOAUTH: refused('wants a password', 'Give user and password in its URL (REDIS_URL).'),
  WRONGPASS: refused('refused the user or password', correctUser),
  NOPERM: refused('lets this user do too little', "Extend the user's rights (ACL SETUSER)."),
  DENIED: refused('takes no connections from other machines', 'Set a password for it, or turn protected-mode off.'),
  NOPROTO: unsuitable('speaks another version of the protocol', 'Upgrade it.'),
  BUSYKEY: command,
  BUSYGROUP: command,
  EXECABORT: command,
  NOGROUP: command,
  NOSCRIPT: command,
  NOTBUSY: command,
  UNKILLABLE: command,
  WRONGTYPE: command,
};

/** Replies whose first word is ERR. */
export const errReplies: readonly (readonly [pattern: RegExp, refusal: Refusal])[] = [
  [/max number of clients/i, later('has no free connection (maxclients)', 'Close some, or raise maxclients.')],
  [
    /DB index is out of range|invalid DB index/i,
    refused(
      'does not have the database that its URL names',
      'Give a lower number, or raise "databases" of the server.',
    ),
  ],
  [
    /invalid password|operation not permitted|without any password configured/i,
    refused('refused the password', correctUser),
  ],
  [
    /unknown command|unknown subcommand/i,
    unsuitable('lacks a command', 'Upgrade it, or end its renaming of commands.'),
  ],
];

/** An error of a script has the prefix of the command that failed inside it; before Redis 7 a minus precedes it. */
const prefixPattern = new RegExp(`(?:^|[\\s-])(${Object.keys(prefixes).join('|')})(?=\\s|$)`);

/** The state of a Redis that answers but cannot be used (full, loading, a replica …); undefined where the error is not about the server. */
export function redisRefusalOf(error: unknown): (Refusal & { readonly said: string }) | undefined {
  const said = saidBy(error);
  const prefix = prefixPattern.exec(said)?.[1];
  const known = prefix === undefined ? errReplies.find(([pattern]) => pattern.test(said))?.[1] : prefixes[prefix];
  return known ? { ...known, said } : undefined;
}

/** The error of a discarded transaction (EXECABORT) has its causes in a separate property. */
function saidBy(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const [cause]: unknown[] =
    'previousErrors' in error && Array.isArray(error.previousErrors) ? error.previousErrors : [];
  const { message } = cause instanceof Error ? cause : error;
  // After these words Redis repeats the arguments, with AUTH and HELLO the password.
  return message.replace(/,? with args beginning with:.*/s, '');
}

/** Translates the error of a command or a connection into an AppError about the server. `where`: its address without a password. */
export function translateRedisError(error: unknown, where: string): AppError {
  if (error instanceof AppError) return error;
  const make = (code: RedisCode, sentence: string) =>
    new AppError(code, `Redis at ${where} ${sentence}`, { cause: error });
  const refusal = redisRefusalOf(error);
  if (refusal) return make(refusal.code, `${refusal.words} (${quoted(refusal.said)}). ${refusal.remedy}`);
  const network = networkFaultOf(error);
  if (network?.kind === 'refused')
    return make('REDIS_REFUSED', `cannot be talked to (${network.reason}). Check REDIS_URL and its certificate.`);
  if (
    withCauses(error).some(({ message }) => /Protocol error|Unknown RESP type|as reply type byte|Parser/i.test(message))
  )
    return new AppError(
      'REDIS_UNSUITABLE',
      `What answers at ${where} is not Redis. Check host and port of REDIS_URL.`,
      {
        cause: error,
      },
    );
  if (isReply(error))
    return make('REDIS_UNREACHABLE', `takes no work (${quoted(saidBy(error))}). Look at its settings and its log.`);
  return make('REDIS_UNREACHABLE', `does not answer (${redisReason(error)}). Start it, or check REDIS_URL.`);
}

/** The time limit of a connection attempt, and of a command. */
export const redisAnswerMs = 5_000;

/** Why there is no connection, in a few words; the server's own words where it answered. */
export function redisReason(error: unknown): string {
  const network = networkFaultOf(error);
  if (network) return network.reason;
  if (isReply(error) || redisRefusalOf(error)) return quoted(saidBy(error));
  const said = withCauses(error).map(({ message }) => message);
  if (said.some((message) => /timed? ?out/i.test(message))) return `no answer within ${redisAnswerMs / 1_000} s`;
  return 'connection lost';
}

/** ioredis's messages for a command that was interrupted or got no answer. */
export function isConnectionLost(error: unknown): boolean {
  return withCauses(error).some(({ message }) =>
    /Connection is closed|Command timed out|aborted due to connection close|max retries per request/i.test(message),
  );
}

function isReply(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError';
}
