/** The types of kernel modules: /sys/kernel/btf/MODULE (Linux 5.11, CONFIG_DEBUG_INFO_BTF_MODULES), read when asked for. */
import { readdirSync, readFileSync } from 'node:fs';
import { Btf } from '../btf/btf.ts';
import { BtfError } from '../btf/errors.ts';
import { vmlinux } from './vmlinux.ts';

const directory = '/sys/kernel/btf';

const read = new Map<string, Btf | undefined>();

/** Names of the loaded modules that have types, `vmlinux` not among them; in order of the alphabet. */
export function typedModules(): string[] {
  try {
    return readdirSync(directory)
      .filter((name) => name !== 'vmlinux')
      .sort();
  } catch {
    return [];
  }
}

/** The types of a module, which continue those of vmlinux; undefined where it is not loaded, or has none. */
export function moduleTypes(name: string): Btf | undefined {
  if (name === 'vmlinux') return vmlinux();
  if (!read.has(name)) read.set(name, readTypes(name));
  return read.get(name);
}

function readTypes(name: string): Btf | undefined {
  // It comes from what people type: no other directory may be reached.
  if (!/^[\w.-]+$/.test(name) || name.startsWith('.')) return undefined;
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(`${directory}/${name}`);
  } catch {
    return undefined;
  }
  try {
    return Btf.parse(bytes, { base: vmlinux() });
  } catch (error) {
    // A module built for another kernel: its types mean nothing here, and the kernel would not take them.
    if (error instanceof BtfError) return undefined;
    throw error;
  }
}
