/** What somebody probably meant who named a kernel function that there is not. */
import { nearestNames } from '../text/nearest.ts';
import type { KernelSymbols } from './kallsyms.ts';

/** What compilers append to the copies that they make of a function: `.isra.0`, `.constprop.2`, `.llvm.123`. */
const COPY_SUFFIX = /\.(isra|constprop|part|cold|llvm)\b.*$/;

/** What system calls are called inside: include/linux/syscalls.h and the wrappers of the architectures. */
const SYSCALL_PREFIX = /^(__(x64|ia32|arm64|riscv|s390x|se|do|x32_compat)_)?sys_/;

/**
 * Up to `count` (default 3) names of functions: first the same function under another name (`sys_openat` is
 * `__x64_sys_openat`, `foo` may be `foo.isra.0`), then names a few typing errors away, then longer ones that
 * begin with the name. Takes about a tenth of a second: for error messages.
 */
export function nearKernelFunctions(symbols: KernelSymbols, name: string, count = 3): string[] {
  const wanted = core(name);
  const names = new Set(symbols.functionNames());
  names.delete(name);
  const same: string[] = [];
  const longer: string[] = [];
  const alike: string[] = [];
  for (const candidate of names) {
    if (Math.abs(candidate.length - name.length) <= 3) alike.push(candidate);
    const mayDiffer = candidate.includes('.') || candidate.includes('sys_');
    if ((mayDiffer ? core(candidate) : candidate) === wanted) same.push(candidate);
    else if (name.length >= 3 && candidate.startsWith(name)) longer.push(candidate);
  }
  longer.sort((a, b) => a.length - b.length);
  return [...new Set([...same, ...nearestNames(name, alike, count), ...longer])].slice(0, count);
}

function core(name: string): string {
  return name.replace(COPY_SUFFIX, '').replace(SYSCALL_PREFIX, 'sys_');
}
