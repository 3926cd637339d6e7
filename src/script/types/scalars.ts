/**
 * Names for what memory holds, for reading: inside the kernel every integer is a `number` to the editor.
 *
 * vmlinux.d.ts, which `bpfkit types` writes, is made of the same names.
 */
import type { KernelArray } from '../schema.ts';

export type { i8, i16, i32, i64, u8, u16, u32, u64 } from '../schema.ts';

/** A place in memory without a type: `k.cast`, `k.read` and `k.str` take it. */
export type Address = number;

/** A pointer to a struct is the struct itself; any other pointer is an address. */
export type Ptr<T> = T extends object ? T : Address;

/** `T name[N]`. The length is for reading only. */
export type Arr<T, N extends number = number> = KernelArray<T> & { readonly length: N };

/** `char name[N]`: text that ends at the first NUL or fills the array. */
export type Chars<_N extends number = number> = string;

/** `unsigned char name[N]`: raw bytes. */
export type Bytes<_N extends number = number> = Uint8Array;
