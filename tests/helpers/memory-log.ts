/** A log that keeps its events, for tests that wait for one or look at its fields. */
import type { Log, LogFields } from '../../src/core/log/logger.ts';

export interface LoggedEvent {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly event: string;
  readonly fields: LogFields;
}

export interface MemoryLog extends Log {
  readonly events: readonly LoggedEvent[];
  named(event: string): LoggedEvent[];
}

export function createMemoryLog(): MemoryLog {
  const events: LoggedEvent[] = [];
  const logWith = (bound: LogFields): Log => {
    const write = (level: LoggedEvent['level']) => (event: string, fields?: LogFields) => {
      events.push({ level, event, fields: { ...bound, ...fields } });
    };
    return {
      debug: write('debug'),
      info: write('info'),
      warn: write('warn'),
      error: write('error'),
      child: (fields) => logWith({ ...bound, ...fields }),
    };
  };
  return { ...logWith({}), events, named: (name) => events.filter(({ event }) => event === name) };
}
