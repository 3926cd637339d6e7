/**
 * How values lie in memory: map keys and values, tuples, records of the ring buffer. Lowering writes what
 * printing reads by this one description; both byte for byte.
 *
 * | type | bytes |
 * |---|---|
 * | bool | 1; integers, enums, pointers by their width |
 * | string | `size`, zero behind the text |
 * | buffer | u32 length, then `size` bytes |
 * | array, struct | as in C |
 * | tuple, record | elements one after the other, each aligned, the whole padded to its largest alignment |
 * | inet | u64 family (AF_INET 2, AF_INET6 10), 16 bytes of address |
 * | macaddr | 6, padded to 8 |
 * | kstack | u64 id (see below) |
 * | ustack | u64 id, u32 pid, u32 probe index |
 * | ksym, username, timestamp, cgroupPath, named | u64 |
 * | usym | u64 address, u32 pid, u32 probe index |
 * | count | u64 a CPU |
 * | sum | s64 or u64 a CPU |
 * | min, max | s64 or u64 value, u64 1 if set, a CPU |
 * | avg, stats | s64 or u64 total, u64 count, a CPU |
 * | hist, lhist | the key is followed by a u64 bucket; the value is a u64 a CPU |
 * | tseries | the key is followed by a u64 slot; the value is value, meta, epoch: u64 each, a CPU |
 *
 * A stack's id is 0 if the stack could not be taken, else one more than the u32 key of the stack in the map
 * `stackMapName(type)` (BPF_MAP_TYPE_STACK_TRACE): a value of `limit` u64 addresses, or of `limit` struct
 * bpf_stack_build_id of 32 bytes, zeros behind the last. The kernel refuses a stack whose place another one holds,
 * so an id never means two stacks. Stacks of `dw_ustack` have ids of their own, see `unwoundStack`.
 *
 * An epoch of a tseries is the time since 1970 in ns divided by the interval, and its slot is the epoch modulo the
 * number of intervals. A value whose epoch is not the newest of its slot, over all CPUs, is of the past. `meta` of avg
 * is the number of values that `value` is the sum of; of last the time of the value since boot, so that the latest CPU
 * wins; of the others 1.
 */
import { isAggregate, type StackType, type Type } from './type.ts';

/** The map of stacks of this depth, in `CollectionSpec.maps`. */
export function stackMapName(type: StackType): string {
  return type.mode === 'build_id' ? `stacks_${type.limit}_id` : `stacks_${type.limit}`;
}

/** The map of stacks of this depth that `dw_ustack` walked: by id, a value of `limit` u64 addresses. */
export function dwarfStackMapName(limit: number): string {
  return `stacks_dw_${limit}`;
}

/** Set in the id of a stack that `dw_ustack` walked, which is the hash of its addresses. */
export const unwoundStack: bigint = 1n << 63n;
/** The id of a stack of a process without unwind tables: it has no frames. */
export const emptyStack: bigint = 1n << 32n;
/** Stands in a stack of `dw_ustack` behind the frame whose caller could not be found. */
export const unwindFailed: bigint = 2n ** 64n - 1n;

export interface Layout {
  readonly size: number;
  readonly align: 1 | 2 | 4 | 8;
}

const word: Layout = { size: 8, align: 8 };

export function layoutOf(type: Type): Layout {
  switch (type.kind) {
    case 'none':
    case 'void':
      return { size: 0, align: 1 };
    case 'bool':
      return { size: 1, align: 1 };
    case 'int':
    case 'enum': {
      const size = (type.bits / 8) as 1 | 2 | 4 | 8;
      return { size, align: size };
    }
    case 'string':
      return { size: type.size, align: 1 };
    case 'buffer':
      return { size: 4 + type.size, align: 4 };
    case 'array': {
      const element = layoutOf(type.element);
      return { size: element.size * type.length, align: element.align };
    }
    case 'struct':
      return { size: type.size, align: Math.min(8, Math.max(1, type.align)) as Layout['align'] };
    case 'tuple':
      return sequence(type.elements).layout;
    case 'record':
      return sequence(type.fields.map((field) => field.type)).layout;
    case 'inet':
      return { size: 24, align: 8 };
    case 'ustack':
    case 'usym':
      return { size: 16, align: 8 };
    case 'min':
    case 'max':
    case 'avg':
    case 'stats':
      return { size: 16, align: 8 };
    case 'tseries':
      return { size: 24, align: 8 };
    default:
      return word;
  }
}

/** Where the elements of a tuple, a record, or the arguments of an action lie. */
export function sequence(
  types: readonly Type[],
  start = 0,
): { readonly offsets: readonly number[]; readonly layout: Layout } {
  let size = start;
  let align: Layout['align'] = 1;
  const offsets = types.map((type) => {
    const one = layoutOf(type);
    size = roundUp(size, one.align);
    const offset = size;
    size += one.size;
    if (one.align > align) align = one.align;
    return offset;
  });
  return { offsets, layout: { size: roundUp(size, align), align } };
}

/** The key as the kernel map has it: hist, lhist and tseries put a u64 behind it, aligned. */
export function mapKeyLayout(
  key: Type,
  value: Type,
): { readonly size: number; readonly bucket: number | undefined } {
  const { size } = layoutOf(key);
  const bucketed =
    isAggregate(value) && (value.kind === 'hist' || value.kind === 'lhist' || value.kind === 'tseries');
  if (!bucketed) return { size, bucket: undefined };
  const bucket = roundUp(size, 8);
  return { size: bucket + 8, bucket };
}

export function roundUp(size: number, align: number): number {
  return Math.ceil(size / align) * align;
}
