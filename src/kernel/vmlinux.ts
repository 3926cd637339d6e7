/** The running kernel's types: read on first use, once a process. */
import { readFileSync } from 'node:fs';
import { Btf } from '../btf/btf.ts';
import { noKernelBtf } from './errors.ts';

let read: Btf | undefined;

/**
 * Types of the running kernel, from /sys/kernel/btf/vmlinux (Linux 5.4, CONFIG_DEBUG_INFO_BTF).
 * Throws KernelError (noType) where the kernel has none.
 */
export function vmlinux(): Btf {
  read ??= Btf.parse(bytes());
  return read;
}

function bytes(): Uint8Array {
  try {
    return readFileSync('/sys/kernel/btf/vmlinux');
  } catch (cause) {
    throw noKernelBtf(cause);
  }
}
