/**
 * The C++ runtime's own demangler, which is in every process of Node: `__cxa_demangle` of libstdc++ (or libc++).
 * Nothing but the Itanium ABI is expected of it; where it is linked in without its name, there is none.
 */
import { cString } from './file.ts';
import { type NativeFunction, native } from './native.ts';
import { addressOf } from './syscall.ts';

interface Demangler {
  readonly demangle: NativeFunction;
  readonly length: NativeFunction;
  readonly free: NativeFunction;
}

let found: Demangler | null | undefined;

function demangler(): Demangler | null {
  if (found !== undefined) return found;
  try {
    const library = native().load(null);
    found = {
      demangle: library.func('int64_t __cxa_demangle(int64_t, int64_t, int64_t, int64_t)'),
      length: library.func('int64_t strlen(int64_t)'),
      free: library.func('void free(int64_t)'),
    };
  } catch {
    found = null;
  }
  return found;
}

/** More than this is no name that a person reads; deep ones would cost the runtime its stack. */
const MAX_NAME = 4096;
const MAX_TEXT = 1 << 16;

/** The readable form of a mangled name (`_Z…`), or undefined where it is none or nothing can read it. */
export function cxaDemangle(name: string): string | undefined {
  if (name.length > MAX_NAME || name.includes('\0')) return undefined;
  const runtime = demangler();
  if (!runtime) return undefined;
  const mangled = cString(Buffer.from(name, 'latin1'));
  const status = new Int32Array(1);
  const text = runtime.demangle(addressOf(mangled), 0, 0, addressOf(status));
  if (text === 0 || text === 0n) return undefined;
  try {
    const size = Math.min(Number(runtime.length(text)), MAX_TEXT);
    return Buffer.from(native().view(text, size)).toString('latin1');
  } finally {
    runtime.free(text);
  }
}
