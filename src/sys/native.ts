/**
 * The native bridge: koffi, loaded on the first system call and not before.
 *
 * Importing koffi takes about 11 ms, which commands that only read files must not pay. Its ESM
 * entry also breaks when a bundler turns it into CommonJS, so the platform's binary package is
 * required directly; the `koffi` package itself is the fallback for platforms that package it
 * differently. This is the only file that knows the package.
 */
import { createRequire } from 'node:module';
import { noBridge } from './errors.ts';

/** A C function: numbers and bigints in; a number up to 2^53, a bigint above. */
export interface NativeFunction {
  (...args: (number | bigint)[]): number | bigint;
  async(...args: unknown[]): void;
}

export interface PollHandle {
  ref(): void;
  unref(): void;
  close(): void;
}

/** The part of koffi that bpfkit uses. */
export interface Native {
  load(path: string | null): { func(prototype: string): NativeFunction };
  /** The errno of this thread: only valid straight after the call that failed. */
  errno(): number;
  address(view: ArrayBufferView | ArrayBufferLike): number | bigint;
  /** An ArrayBuffer over memory that is not JavaScript's. */
  view(address: number | bigint, size: number): ArrayBuffer;
  readonly node?: {
    /** The callback really gets (status, events); the package's own types say (events). */
    poll?(
      fd: number,
      options: { readable?: boolean; writable?: boolean; disconnect?: boolean },
      callback: (status: number, events: unknown) => void,
    ): PollHandle;
  };
}

let loaded: Native | undefined;

/** Loads the bridge once. Throws NativeError when no binary fits this platform. */
export function native(): Native {
  loaded ??= load();
  return loaded;
}

function load(): Native {
  // In a CommonJS bundle import.meta.url is undefined and __filename is there; in ESM the reverse.
  const here = import.meta.url ?? (typeof __filename === 'string' ? __filename : process.execPath);
  const require = createRequire(here);
  const names = [`@koromix/koffi-${process.platform}-${process.arch}`, 'koffi'];
  const causes: unknown[] = [];
  for (const name of names) {
    try {
      return require(name) as Native;
    } catch (cause) {
      causes.push(cause);
    }
  }
  throw noBridge(names, causes);
}
