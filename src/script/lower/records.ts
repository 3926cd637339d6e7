/**
 * Reserved events start with whatever the ring held before. This pass zeroes what the program does not
 * write itself, and only that.
 *
 * For each reserved record it computes, at every call that gives the record away, which bytes have been
 * written on *all* paths from the reservation: a forward dataflow over blocks whose meet is
 * intersection. Bytes missing at any of these calls, and bytes that are read, are zeroed right after the
 * null check. Example: a record of 24 bytes whose fields at 0..16 are always assigned and whose field at
 * 16 is assigned in one branch only gets one 8-byte store.
 */
import type { Block, IrFunction, MemorySize, Value } from '../../compiler/ir.ts';
import { operandsOf, scalar64 } from '../../compiler/ir.ts';
import { pieces } from '../emit/memory.ts';
import type { ReservedRecord } from './state.ts';

/** Helpers that write every byte of their destination: argument 0 for `size` bytes in argument 1. */
const fillers = new Set(['bpf_get_current_comm', 'bpf_probe_read_kernel', 'bpf_probe_read_user']);
const givers = new Set(['bpf_ringbuf_submit', 'bpf_ringbuf_discard']);

export function initialiseRecords(fn: IrFunction, records: readonly ReservedRecord[]): void {
  for (const { record, size, marker } of records) {
    if (!marker) continue; // never checked for null: the verifier refuses the program anyway
    const missing = unwritten(fn, record, size);
    const block = fn.blocks.find((b) => b.values.includes(marker));
    if (block) insertZeros(block, marker, record, missing);
  }
}

/** The bytes to zero: one flag a byte. */
function unwritten(fn: IrFunction, record: Value, size: number): Uint8Array {
  const missing = new Uint8Array(size);
  const atEnd = new Map<Block, Uint8Array>();
  for (let changed = true; changed; ) {
    changed = false;
    for (const block of fn.blocks) {
      const written = meet(block, atEnd, size);
      for (const value of block.values) step(value, record, written, missing);
      const before = atEnd.get(block);
      if (!before || before.some((flag, i) => flag !== written[i])) {
        atEnd.set(block, written);
        changed = true;
      }
    }
  }
  return missing;
}

/**
 * What all predecessors have written. A block that was not visited yet does not object, and where nobody is
 * known yet everything counts as written: from there the flags only ever fall, so the walk ends.
 */
function meet(block: Block, atEnd: ReadonlyMap<Block, Uint8Array>, size: number): Uint8Array {
  const written = new Uint8Array(size).fill(block.predecessors.length > 0 ? 1 : 0);
  for (const predecessor of block.predecessors) {
    const flags = atEnd.get(predecessor);
    if (flags) for (let i = 0; i < size; i++) written[i] &= flags[i];
  }
  return written;
}

function step(value: Value, record: Value, written: Uint8Array, missing: Uint8Array): void {
  if (value.kind === 'call' && value === record) {
    written.fill(0);
    return;
  }
  if (value.kind === 'store' && value.base === record) {
    written.fill(1, value.offset, value.offset + value.size);
    return;
  }
  if (value.kind === 'load' && value.base === record) return need(written, missing, value.offset, value.size);
  if (value.kind === 'call' && value.callee.kind === 'helper') {
    if (givers.has(value.callee.name)) {
      if (value.args[0] === record) need(written, missing, 0, written.length);
      return;
    }
    const offset = offsetInto(value.args[0], record);
    const length = value.args[1];
    if (offset !== undefined && fillers.has(value.callee.name) && length?.kind === 'constant') {
      written.fill(1, offset, offset + Number(length.value));
      return;
    }
  }
  // The address escapes to something else (an atomic, a string helper, an index): it must find zeros.
  const plain = value.kind === 'binary' || value.kind === 'phi' || value.kind === 'compare';
  if (!plain && operandsOf(value).some((operand) => offsetInto(operand, record) !== undefined)) {
    need(written, missing, 0, written.length);
  }
}

function need(written: Uint8Array, missing: Uint8Array, offset: number, size: number): void {
  for (let i = offset; i < Math.min(offset + size, missing.length); i++) if (!written[i]) missing[i] = 1;
}

/** How far into the record an address points, if it is the record or a constant distance from it. */
function offsetInto(address: Value | undefined, record: Value): number | undefined {
  if (address === record) return 0;
  if (address?.kind !== 'binary' || address.op !== 'add') return undefined;
  const start = offsetInto(address.left, record);
  if (start === undefined) return undefined;
  return address.right.kind === 'constant' ? start + Number(address.right.value) : start;
}

function insertZeros(block: Block, marker: Value, record: Value, missing: Uint8Array): void {
  const stores: Value[] = [];
  const source = marker.source;
  for (let from = 0; from < missing.length; ) {
    if (!missing[from]) {
      from++;
      continue;
    }
    let to = from;
    while (to < missing.length && missing[to]) to++;
    for (const [at, size] of pieces(from, to - from)) {
      // The marker is the constant zero that all these stores write.
      const store = {
        kind: 'store',
        size: size as MemorySize,
        base: record,
        offset: from + at,
        value: marker,
      } as const;
      stores.push({ ...store, id: nextId(block, stores), type: scalar64, source });
    }
    from = to;
  }
  block.values.splice(block.values.indexOf(marker) + 1, 0, ...stores);
}

/** Ids only have to differ; stores have no result that anything could print or refer to. */
function nextId(block: Block, stores: readonly Value[]): number {
  return 1_000_000 + block.id * 10_000 + stores.length;
}
