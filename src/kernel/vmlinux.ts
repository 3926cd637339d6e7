/** The running kernel's types: found on first use, once a process. */
import { readFileSync, statSync } from 'node:fs';
import { Btf } from '../btf/btf.ts';
import { BtfError } from '../btf/errors.ts';
import { SysError } from '../sys/errors.ts';
import { openPath } from '../sys/file.ts';
import { Mapping } from '../sys/memory.ts';
import { keptFiles } from '../sys/root-cache.ts';
import { noKernelBtf, strangeKernelBtf } from './errors.ts';
import { kernelIdentity } from './identity.ts';

const path = '/sys/kernel/btf/vmlinux';

let read: Btf | undefined;

/**
 * Types of the running kernel, from /sys/kernel/btf/vmlinux (Linux 5.4, CONFIG_DEBUG_INFO_BTF).
 * Throws KernelError (noType) where the kernel has none.
 */
export function vmlinux(): Btf {
  read ??= indexed(mapped() ?? copied());
  return read;
}

/** Finding the records and hashing their names takes 10 ms, so what they give is kept for this build of the kernel. */
function indexed(bytes: Uint8Array): Btf {
  const cache = keptFiles();
  const name = `types-${kernelIdentity()}-${bytes.length}.bin`;
  const index = cache?.read(name);
  const types = parsed(bytes, index);
  if (cache !== undefined && index === undefined) cache.write(name, types.index());
  return types;
}

function parsed(bytes: Uint8Array, index: Uint8Array | undefined): Btf {
  try {
    return Btf.parse(bytes, { index });
  } catch (error) {
    if (error instanceof BtfError) throw strangeKernelBtf(error);
    throw error;
  }
}

/**
 * The kernel's own pages (Linux 6.16, btf_sysfs_vmlinux_mmap): nothing is copied, and only the parts that
 * are looked at cost memory. The mapping lives as long as the process.
 */
function mapped(): Uint8Array | undefined {
  try {
    const { size } = statSync(path);
    const file = openPath(path);
    try {
      return new Uint8Array(Mapping.of(file.number, size, { shared: false }).buffer);
    } finally {
      file.close();
    }
  } catch (error) {
    // Older kernels cannot map it, and what is wrong with the file is said by whoever reads it.
    if (error instanceof SysError || (error as NodeJS.ErrnoException).code !== undefined) return undefined;
    throw error;
  }
}

function copied(): Uint8Array {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw noKernelBtf(cause);
  }
}
