/**
 * struct_ops (Linux 5.6): a structure of functions of the kernel, with programs for functions, such as
 * `tcp_congestion_ops`.
 *
 * The structure is the value of a map. Each function member holds the descriptor of a program that was loaded
 * for that member (BPF_PROG_TYPE_STRUCT_OPS); other members hold plain data. Writing the value registers the
 * structure at once; or, with BPF_F_LINK (Linux 6.4), makes it ready for a link, which registers it, and in
 * whose place another value can be put later.
 */
import type { Btf } from '../../btf/btf.ts';
import type { TypeId } from '../../btf/types.ts';
import { bpfError, bpfTry } from '../../sys/bpf.ts';
import type { Fd } from '../../sys/fd.ts';
import { littleEndian } from '../../sys/layout.ts';
import { badSpec, noTarget } from '../errors.ts';
import { createMap } from '../map/create.ts';
import { MapFlag } from '../map/kind.ts';
import { BpfMap } from '../map/map.ts';
import { AttachType, MapType } from '../spec.ts';
import { vmlinux } from '../vmlinux.ts';
import { createLink } from './create.ts';
import { AttachError, type Attachment, attachFailed, placeTaken } from './errors.ts';
import { linkHolders } from './holder.ts';
import { AttachedLink } from './link.ts';

export interface StructOps {
  /** The structure's name in the kernel. */
  readonly struct: string;
  /** Programs by member. */
  readonly programs: Readonly<Record<string, { readonly fd: Fd }>>;
  /** Other members: numbers, text for arrays of characters, bytes for anything. */
  readonly values?: Readonly<Record<string, number | bigint | string | Uint8Array>>;
  /** The structure as a whole, which the members above are written into. Default: zeroes. */
  readonly data?: Uint8Array;
}

/** Where a structure lies in the value of its map: behind the kernel's own fields. */
export interface StructOpsLayout {
  /** `bpf_struct_ops_NAME`. */
  readonly valueType: TypeId;
  readonly valueSize: number;
  readonly structType: TypeId;
  readonly structOffset: number;
  readonly structSize: number;
}

/** Finds the layout in the kernel's BTF. Throws KernelError (noType): not every structure can be implemented. */
export function structOpsLayout(name: string, types: Btf = vmlinux()): StructOpsLayout {
  const value = `bpf_struct_ops_${name}`;
  const valueType = types.find(value, 'struct');
  const member = valueType === undefined ? undefined : types.member(valueType, 'data');
  if (valueType === undefined || member === undefined) {
    const prefix = 'bpf_struct_ops_';
    const near = types.suggest(value, 'struct').filter((one) => one.startsWith(prefix));
    throw noTarget(
      `implement struct ${name}`,
      'such structure that programs can implement',
      near.map((one) => one.slice(prefix.length)),
    );
  }
  return {
    valueType,
    valueSize: types.sizeOf(valueType),
    structType: types.strip(member.type),
    structOffset: member.bitOffset / 8,
    structSize: types.sizeOf(member.type),
  };
}

/** The value of a struct_ops map. Throws KernelError (badSpec, noType). */
export function structOpsValue(ops: StructOps, types: Btf = vmlinux()): Uint8Array {
  const layout = structOpsLayout(ops.struct, types);
  const bytes = new Uint8Array(layout.valueSize);
  const what = `struct ${ops.struct}`;
  if (ops.data !== undefined) {
    if (ops.data.length !== layout.structSize) {
      throw badSpec(what, `it has ${layout.structSize} bytes in this kernel, not ${ops.data.length}`);
    }
    bytes.set(ops.data, layout.structOffset);
  }
  const place = (name: string): { readonly offset: number; readonly size: number } => {
    const member = types.member(layout.structType, name);
    if (member === undefined) throw noTarget(`implement ${what}`, `member "${name}" in it`, []);
    return { offset: layout.structOffset + member.bitOffset / 8, size: types.sizeOf(member.type) };
  };
  for (const [name, value] of Object.entries(ops.values ?? {})) {
    const { offset, size } = place(name);
    const content = memberBytes(value, size);
    if (content === undefined)
      throw badSpec(what, `the value of member "${name}" does not fit its ${size} bytes`);
    bytes.set(content, offset);
  }
  const view = new DataView(bytes.buffer);
  for (const [name, program] of Object.entries(ops.programs)) {
    view.setBigUint64(place(name).offset, BigInt(program.fd.number), littleEndian);
  }
  return bytes;
}

function memberBytes(value: number | bigint | string | Uint8Array, size: number): Uint8Array | undefined {
  const out = new Uint8Array(size);
  if (typeof value === 'string' || value instanceof Uint8Array) {
    const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : value;
    // Text keeps a NUL behind it.
    if (bytes.length + (typeof value === 'string' ? 1 : 0) > size) return undefined;
    out.set(bytes);
    return out;
  }
  if (size > 8) return undefined;
  const word = new DataView(new ArrayBuffer(8));
  word.setBigUint64(0, BigInt.asUintN(64, BigInt(value)), littleEndian);
  out.set(new Uint8Array(word.buffer, littleEndian ? 0 : 8 - size, size));
  return out;
}

/** Makes the map that a structure is registered from. `link` asks for Linux 6.4. Throws KernelError. */
export function createStructOpsMap(
  name: string,
  struct: string,
  options: { readonly link?: boolean } = {},
): BpfMap {
  const { valueSize } = structOpsLayout(struct);
  const flags = options.link === true ? MapFlag.link : 0;
  const spec = {
    name,
    type: MapType.structOps,
    keySize: 4,
    valueSize,
    maxEntries: 1,
    flags,
    structOps: struct,
  };
  const { fd, shape } = createMap(spec);
  return new BpfMap(fd, shape);
}

/** What was written into maps made for links, whose values the kernel never changes again. */
const written = new WeakMap<BpfMap, Uint8Array>();

/**
 * Registers the structure. With a map made for links, gives a link; else the structure stays until the
 * returned attachment is closed, or its map goes. Throws AttachError.
 */
export function attachStructOps(map: BpfMap, value: Uint8Array): AttachedLink {
  const what: Attachment = { kind: 'structOps', program: map.name, target: 'the kernel' };
  const own = map.fd.duplicate();
  try {
    fill(what, map, value);
    if ((map.flags & MapFlag.link) !== 0) {
      const values = { programFd: own.number, attachType: AttachType.structOps };
      const link = createLink(what, 'linkCreate', values);
      own.close();
      return new AttachedLink({ ...what, descriptors: [link], isLink: true, slow: false });
    }
  } catch (error) {
    own.close();
    throw error;
  }
  return new AttachedLink({
    ...what,
    descriptors: [],
    isLink: false,
    slow: false,
    afterwards: () => {
      bpfTry('mapDeleteElem', { mapFd: own.number, key: new Uint32Array(1) });
      own.close();
    },
  });
}

/** Puts another structure in the place of a registered one, without a gap. Linux 6.4. Throws AttachError. */
export function replaceStructOps(link: AttachedLink, map: BpfMap, value: Uint8Array): void {
  const what: Attachment = { kind: 'structOps', program: map.name, target: 'the kernel' };
  fill(what, map, value);
  const { result } = bpfTry('linkUpdate', { linkFd: link.fd.number, newProgramFd: map.fd.number });
  if (result < 0) throw attachFailed(what, bpfError('linkUpdate', -result));
}

function fill(what: Attachment, map: BpfMap, value: Uint8Array): void {
  const { result } = bpfTry('mapUpdateElem', { mapFd: map.fd.number, key: new Uint32Array(1), value });
  const linked = (map.flags & MapFlag.link) !== 0;
  if (result >= 0) {
    if (linked) written.set(map, value);
    return;
  }
  const error = bpfError('mapUpdateElem', -result);
  if (linked && error.code === 'EBUSY') {
    // It was filled before, for a link that is gone or never came about, and serves another one.
    const before = written.get(map);
    if (before === undefined || Buffer.compare(before, value) === 0) return;
    const kept = 'the values that were written first are kept; load the object again for others';
    throw new AttachError('inUse', what, kept, { cause: error });
  }
  if (error.code === 'EEXIST')
    throw placeTaken(
      what,
      error,
      linkHolders((link) => link.type === 'structOps'),
    );
  throw attachFailed(what, error);
}
