/** Memory without types: loads by the means that memory allows, copies, zeros, constants. */
import type { HelperName } from '../../compiler/helpers.ts';
import type { MemorySize, Value } from '../../compiler/ir.ts';
import type { Emitter, Memory } from './emitter.ts';

const readers: Readonly<Record<Memory, HelperName>> = {
  direct: 'probe_read_kernel',
  kernelTyped: 'probe_read_kernel',
  kernelRaw: 'probe_read_kernel',
  user: 'probe_read_user',
  either: 'probe_read',
};

const stringReaders: Readonly<Record<Memory, HelperName>> = {
  direct: 'probe_read_kernel_str',
  kernelTyped: 'probe_read_kernel_str',
  kernelRaw: 'probe_read_kernel_str',
  user: 'probe_read_user_str',
  either: 'probe_read_str',
};

/** Plain loads may read it. */
export function loadable(memory: Memory): boolean {
  return memory === 'direct' || memory === 'kernelTyped';
}

/** A load of `size` bytes, widened to 64 bits; 0 if the memory cannot be read. */
export function loadFrom(
  e: Emitter,
  memory: Memory,
  base: Value,
  offset: number,
  size: number,
  { signed = false, invariant = false }: { signed?: boolean; invariant?: boolean } = {},
): Value {
  const { b } = e;
  const type = { kind: 'scalar', bits: (size * 8) as 8, signed } as const;
  if (loadable(memory)) return b.load(size as MemorySize, base, offset, { signed, invariant, type });
  const at = b.slotAddress(b.slot('read', Math.max(8, size)));
  copyIn(e, at, size, base, offset, memory);
  return b.load(size as MemorySize, at, 0, { signed, type });
}

/** Copies bytes from kernel or user memory by helper; on a fault the destination is zero. */
export function copyIn(
  e: Emitter,
  to: Value,
  size: number,
  base: Value,
  offset: number,
  memory: Memory,
): Value {
  return e.call(readers[memory], [to, e.b.constant(size), addressAt(e, base, offset)]);
}

/** The helper that copies bytes up to a NUL. */
export function stringReader(memory: Memory): HelperName {
  return stringReaders[memory];
}

/** The helper that copies bytes. */
export function bytesReader(memory: Memory): HelperName {
  return readers[memory];
}

export function addressAt(e: Emitter, base: Value, offset: number): Value {
  if (offset === 0) return base;
  if (base.kind === 'slotAddress') return e.b.slotAddress(base.slot, base.offset + offset);
  return e.b.binary('add', base, e.b.constant(offset), 64, base.type);
}

/** Up to this many bytes, loads and stores are shorter than the call of a helper. */
const inlineCopy = 32;

export interface BytesAt {
  readonly base: Value;
  readonly offset: number;
}

/** Copies to memory that plain stores may write. */
export function copyBytes(e: Emitter, to: BytesAt, from: BytesAt & { memory: Memory }, size: number): void {
  if (!loadable(from.memory) || (from.memory === 'kernelTyped' && size > inlineCopy)) {
    copyIn(e, addressAt(e, to.base, to.offset), size, from.base, from.offset, from.memory);
    return;
  }
  // Both sides must be aligned: the verifier takes no other access to the stack or the context.
  const apart = Math.abs(to.offset - from.offset);
  const widest = apart === 0 ? 8 : apart & -apart;
  for (const [offset, bytes] of pieces(to.offset, size, widest)) {
    const value = e.b.load(bytes, from.base, from.offset + offset);
    e.b.store(bytes, to.base, to.offset + offset, value);
  }
}

/** Cuts `size` bytes into the largest aligned accesses, none wider than `widest`: [offset, bytes]. */
export function* pieces(start: number, size: number, widest = 8): Generator<[number, MemorySize]> {
  let offset = 0;
  while (offset < size) {
    let bytes = Math.min(8, widest) as MemorySize;
    while (bytes > 1 && ((start + offset) % bytes !== 0 || offset + bytes > size))
      bytes = (bytes / 2) as MemorySize;
    yield [offset, bytes];
    offset += bytes;
  }
}

export function zero(e: Emitter, base: Value, offset: number, size: number): void {
  if (size <= 0) return;
  for (const [at, bytes] of pieces(offset, size)) e.b.store(bytes, base, offset + at, e.b.constant(0));
}

export function storeConstant(e: Emitter, base: Value, offset: number, content: Uint8Array): void {
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  for (const [at, bytes] of pieces(offset, content.length)) {
    e.b.store(bytes, base, offset + at, e.b.constant(littleEndian(view, at, bytes)));
  }
}

/** The number that a little-endian machine reads there. */
export function littleEndian(view: DataView, at: number, bytes: MemorySize): bigint {
  if (bytes === 8) return view.getBigUint64(at, true);
  if (bytes === 4) return BigInt(view.getUint32(at, true));
  return BigInt(bytes === 2 ? view.getUint16(at, true) : view.getUint8(at));
}
