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
  /** Further processes that it started. */
  readonly processes: readonly KnownProcess[];
  /** True: it logs each write to disk by itself. False: the caller must send SAVE from time to time. */
  readonly savesItself: boolean;
  /** Resolves with the reply, also with an error reply (`-ERR …`). */
  ask(...words: string[]): Promise<string>;
  /** Ends every client's connection and accepts no new one. */
  closeClients(): void;
  stop(): Promise<void>;
}
