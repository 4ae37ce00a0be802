/** What the two brokers (Valkey in WebAssembly, an installed redis-server) have in common. */
import type { KnownProcess } from '../process-identity.ts';

export type BrokerKind = 'wasm' | 'system';

export interface EngineRequest {
  readonly dataDir: string;
  /** 0: any free port. */
  readonly port: number;
  readonly password: string;
}

export interface BrokerEngine {
  readonly port: number;
  /** Processes besides our own. */
  readonly processes: readonly KnownProcess[];
  /** It keeps a log of each write by itself; else somebody has to ask for a SAVE now and then. */
  readonly savesItself: boolean;
  /** Resolves with the reply, an error reply (`-ERR …`) included. */
  ask(...words: string[]): Promise<string>;
  /** Ends every client's connection and lets no new one in. */
  closeClients(): void;
  stop(): Promise<void>;
}
