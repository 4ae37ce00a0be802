/**
 * Entry of the broker's process. It is separate from the host, so that an endless Lua script or a crash does not stop the
 * host. If the host is killed, this process saves its data and stops PostgreSQL in the host's place.
 */

import { describeFailure, type FromBroker, isToBroker, type ToBroker } from '../messages.ts';
import { endPostgres } from '../postgres/postgres-leftovers.ts';
import type { KnownProcess } from '../process-identity.ts';
import type { BrokerEngine } from './broker-engine.ts';
import { SaveSchedule } from './save-schedule.ts';
import { startSystemRedis } from './system-redis.ts';
import { startValkey, valkeyMaxMemory } from './valkey.ts';

// Its files hold the queue: only this user reads them.
process.umask(0o077);

let engine: BrokerEngine | undefined;
let schedule: SaveSchedule | undefined;
let guarded: KnownProcess | undefined;

// Only the host stops the broker. A service manager signals the whole group, and a draining worker still needs the broker.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.on('message', (message) => {
  if (isToBroker(message)) void obey(message);
});
process.on('disconnect', () => void leaveAlone());

async function obey(message: ToBroker): Promise<void> {
  if (message.kind === 'start') await start(message);
  else if (message.kind === 'guard') guarded = message.postgres;
  else if (message.kind === 'ping') await answerPing();
  else await leave();
}

async function start({ broker, engine: request }: Extract<ToBroker, { kind: 'start' }>): Promise<void> {
  try {
    const started = await (broker === 'wasm' ? startValkey(request) : startSystemRedis(request));
    engine = started;
    if (!started.savesItself) saveFromTimeToTime(started);
    tell({
      kind: 'ready',
      port: started.port,
      processes: started.processes.map((known) => ({ ...known, role: 'broker' })),
    });
  } catch (error) {
    const isPortTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
    // When Valkey calls exit() while it boots, a symbol is thrown; only Valkey's log has the reason.
    tell({ ...describeFailure(error, 'it ended while it read its files'), isPortTaken }, () => process.exit(1));
  }
}

function saveFromTimeToTime(started: BrokerEngine): void {
  const saving = new SaveSchedule({
    ask: started.ask,
    onSaving: (isSaving) => tell({ kind: 'saving', isSaving }),
    report: (name, fields) => tell({ kind: 'event', name, fields }),
    maxMemory: valkeyMaxMemory,
    now: () => performance.now(),
  });
  schedule = saving;
  const later = () => setTimeout(() => void saving.save().then(later), saving.delayMs);
  later();
}

async function answerPing(): Promise<void> {
  if ((await engine?.ask('PING')) === '+PONG') tell({ kind: 'pong' });
}

async function leave(): Promise<void> {
  await finish();
  process.exit(0);
}

async function leaveAlone(): Promise<void> {
  await Promise.all([guarded && endPostgres(guarded), finish()]);
  process.exit(0);
}

/** Closes clients first, so that no client gets a reply for a write that the last save does not contain. */
async function finish(): Promise<void> {
  engine?.closeClients();
  await schedule?.save(); // Waits for a save that has already started.
  await schedule?.save();
  await engine?.stop();
}

function tell(message: FromBroker, sent?: () => void): void {
  if (process.connected && process.send) process.send(message, undefined, undefined, sent);
  else sent?.();
}
