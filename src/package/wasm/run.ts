/** Runs the user side of a package that is a WebAssembly module: WASI for files and output, `wasm_bpf` for the kernel. */
import { PackageError } from '../errors.ts';
import { engine } from './engine.ts';
import { BpfHost } from './host.ts';
import { readModule } from './module.ts';

export interface RunModuleOptions {
  /** Most memory of the guest in bytes. Default 256 MiB. */
  readonly memory?: number;
  /** What the host has to say about the guest's calls. */
  say(message: string): void;
}

const defaultMemory = 256 << 20;

/**
 * Runs the guest's `_start` with these words; returns its exit code. The guest has its arguments, standard input and
 * output, and no file. It runs in this thread: Ctrl-C ends the process, and with it everything in the kernel. Throws
 * PackageError (`badPackage`, `limit`).
 */
export async function runModule(
  bytes: Uint8Array,
  name: string,
  words: readonly string[],
  { memory = defaultMemory, say }: RunModuleOptions,
): Promise<number> {
  const module = readModule(bytes, name, memory);
  const unknown = module.imports.find(
    (one) => one.module !== 'wasm_bpf' && one.module !== 'wasi_snapshot_preview1',
  );
  if (unknown) {
    throw new PackageError(
      'badPackage',
      `${name}: it imports ${unknown.module}.${unknown.name}, which nobody offers`,
    );
  }
  const wasi = new (loadWasi())({
    version: 'preview1',
    args: [name, ...words],
    env: {},
    returnOnExit: true,
  });
  const host = new BpfHost(say);
  try {
    const instance = await engine.instantiate(await engine.compile(module.bytes), {
      wasi_snapshot_preview1: wasi.wasiImport,
      wasm_bpf: host.imports,
    });
    if (typeof instance.exports._start !== 'function') {
      throw new PackageError('badPackage', `${name}: it has no function _start`);
    }
    host.bind(instance);
    return wasi.start(instance) ?? 0;
  } catch (cause) {
    if (cause instanceof PackageError) throw cause;
    throw new PackageError('badPackage', `${name}: ${(cause as Error).message}`, { cause });
  } finally {
    host.close();
  }
}

interface Wasi {
  readonly wasiImport: object;
  start(instance: object): number | undefined;
}

type WasiClass = new (options: {
  readonly version: 'preview1';
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly returnOnExit: boolean;
}) => Wasi;

/** Node warns that WASI is experimental, which the user of a package can do nothing about. */
function loadWasi(): WasiClass {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    // Not import(): in the bundle of the command line nothing answers that.
    const { WASI } = process.getBuiltinModule('node:wasi');
    return WASI as unknown as WasiClass;
  } finally {
    process.emitWarning = emitWarning;
  }
}
