/** From a map's spec to a map in the kernel. */
import { constants } from 'node:os';
import { BtfBuilder } from '../../btf/build.ts';
import { bpf, bpfError, bpfTry, ElementCall } from '../../sys/bpf.ts';
import { Fd } from '../../sys/fd.ts';
import { littleEndian } from '../../sys/layout.ts';
import { pageSize } from '../../sys/memory.ts';
import { possibleCpus } from '../cpus.ts';
import { badSpec, noTarget } from '../errors.ts';
import { objectName } from '../names.ts';
import type { MapSpec } from '../spec.ts';
import { MapType, TOKEN_FLAG } from '../spec.ts';
import { loadBtf } from '../types.ts';
import { vmlinux } from '../vmlinux.ts';
import { MapFlag, mapKind } from './kind.ts';
import type { MapShape } from './map.ts';
import { refusedMap } from './refusal.ts';

const { EINVAL, E2BIG } = constants.errno;
const ENOTSUPP = 524;

/** What a map's creation may use besides its spec. */
export interface CreateContext {
  /** Descriptor of the collection's BTF. */
  readonly btfFd?: number | undefined;
  /** Descriptor of a BPF token. */
  readonly token?: number | undefined;
}

/**
 * A spec as it is sent: sizes checked and completed, so that the kernel's bare EINVAL is not the first
 * that people hear of a mistake. Throws KernelError (badSpec).
 */
export function completed(spec: MapSpec): MapShape {
  const kind = mapKind(spec.type);
  const what = `map "${spec.name}"`;
  let { keySize, valueSize, maxEntries } = spec;
  let flags = spec.flags ?? 0;
  for (const [name, value] of Object.entries({ keySize, valueSize, maxEntries })) {
    if (!Number.isInteger(value) || value < 0 || value > 0xffffffff) {
      throw badSpec(what, `${name} ${value} is not a whole number of 32 bits`);
    }
  }
  if (kind.noPrealloc === true) flags |= MapFlag.noPrealloc;
  if (spec.type === MapType.perfEventArray && maxEntries === 0) maxEntries = possibleCpus();
  if (spec.type === MapType.ringBuffer || spec.type === MapType.userRingBuffer) {
    if (maxEntries === 0)
      throw badSpec(what, 'maxEntries is 0; say its size in bytes (in C: __uint(max_entries, 256 * 1024))');
    const rounded = ringSize(maxEntries);
    if (rounded > 0x80000000) throw badSpec(what, `a ring buffer of ${maxEntries} bytes is over 2 GiB`);
    // The types of records are the programs' business: the kernel wants sizes of 0.
    return { name: spec.name, type: spec.type, keySize: 0, valueSize: 0, maxEntries: rounded, flags };
  }
  if (kind.access === 'arena') {
    if (maxEntries === 0)
      throw badSpec(what, 'maxEntries is 0; say its size in pages (in C: __uint(max_entries, N))');
    const bytes = spec.contents?.length ?? 0;
    if (bytes > maxEntries * pageSize()) {
      throw badSpec(what, `its variables have ${bytes} bytes, more than its pages (${maxEntries})`);
    }
    flags |= MapFlag.mmapable;
    return { name: spec.name, type: spec.type, keySize: 0, valueSize: 0, maxEntries, flags };
  }
  if (spec.type === MapType.structOps) {
    if (spec.structOps === undefined) throw badSpec(what, 'it names no structure to implement (structOps)');
    return { name: spec.name, type: spec.type, keySize: 4, valueSize, maxEntries: 1, flags };
  }
  if (kind.indexed === true && keySize !== 4) {
    throw badSpec(what, `its key is an index of 4 bytes (${kind.name}), not of ${keySize}`);
  }
  if (kind.valueSizes !== undefined) {
    if (valueSize === 0) valueSize = kind.valueSizes.at(-1) ?? 4;
    if (!kind.valueSizes.includes(valueSize)) {
      const sizes = [...kind.valueSizes].sort().join(' or ');
      throw badSpec(what, `the value of a ${kind.name} has ${sizes} bytes, not ${valueSize}`);
    }
  }
  const keyless = kind.access === 'queue' || kind.access === 'bloom';
  if (keyless && keySize !== 0) throw badSpec(what, `a ${kind.name} has no keys`);
  if (kind.access === 'stacks' && (keySize !== 4 || valueSize % 8 !== 0)) {
    throw badSpec(what, 'a stack trace map has keys of 4 bytes and values of 8 bytes a frame');
  }
  if (spec.type === MapType.lpmTrie && keySize < 5) {
    throw badSpec(
      what,
      `the key of an LPM trie is a length of 4 bytes and at least one byte, not ${keySize}`,
    );
  }
  const storage = kind.access === 'storage';
  const ofCgroup = spec.type === MapType.cgroupStorage || spec.type === MapType.perCpuCgroupStorage;
  if (storage && keySize !== 4) {
    throw badSpec(what, `the key of a ${kind.name} is a descriptor of 4 bytes, not of ${keySize}`);
  }
  if (ofCgroup && keySize !== 8 && keySize !== 16) {
    throw badSpec(what, `the key of a ${kind.name} has 8 bytes (group) or 16 (group and attach type)`);
  }
  // They have room for whatever they belong to.
  if (storage || ofCgroup) maxEntries = 0;
  else if (maxEntries === 0)
    throw badSpec(what, 'maxEntries is 0; say how many entries it has (in C: __uint(max_entries, N))');
  if (kind.access === 'keyed' && kind.indexed !== true && keySize === 0) {
    throw badSpec(what, 'its keys have no size (in C: __type(key, T) or __uint(key_size, N))');
  }
  if ((kind.access === 'keyed' || keyless || storage) && valueSize === 0) {
    throw badSpec(what, 'its values have no size (in C: __type(value, T) or __uint(value_size, N))');
  }
  const nested = spec.type === MapType.arrayOfMaps || spec.type === MapType.hashOfMaps;
  if (nested && spec.inner === undefined) throw badSpec(what, `a ${kind.name} needs its inner map's shape`);
  if (!nested && spec.inner !== undefined) throw badSpec(what, `a ${kind.name} has no inner maps`);
  if (spec.contents !== undefined && (kind.indexed !== true || kind.access !== 'keyed')) {
    throw badSpec(what, `only arrays have contents, not a ${kind.name}`);
  }
  return { name: spec.name, type: spec.type, keySize, valueSize, maxEntries, flags };
}

/** The next power of two, and at least one page: what kernel/bpf/ringbuf.c accepts. */
export function ringSize(bytes: number): number {
  return Math.max(pageSize(), 2 ** Math.ceil(Math.log2(bytes)));
}

/** Makes the map and writes its contents, and freezes it if asked to. Throws KernelError. */
export function createMap(spec: MapSpec, context: CreateContext = {}): { fd: Fd; shape: MapShape } {
  const shape = completed(spec);
  const inner = spec.inner === undefined ? undefined : createMap(spec.inner, context);
  let fd: Fd | undefined;
  try {
    fd = create(spec, shape, inner?.fd.number, context);
    // An arena is written through its mapping, which the handle has.
    const written = mapKind(spec.type).access !== 'arena';
    if (spec.contents !== undefined && written) write(fd, shape, spec.contents);
    if (spec.freeze === true) bpf('mapFreeze', { mapFd: fd.number }, `map "${spec.name}"`);
    return { fd, shape };
  } catch (error) {
    fd?.close();
    throw error;
  } finally {
    // Only its shape was wanted.
    inner?.fd.close();
  }
}

function create(spec: MapSpec, shape: MapShape, innerMapFd: number | undefined, context: CreateContext): Fd {
  const kind = mapKind(shape.type);
  const typed =
    context.btfFd !== undefined &&
    kind.noBtf !== true &&
    (spec.keyType !== undefined || spec.valueType !== undefined);
  const made = kind.needsBtf === true && !typed ? plainTypes(shape.valueSize, context.token) : undefined;
  const base = {
    mapType: shape.type,
    keySize: shape.keySize,
    valueSize: shape.valueSize,
    maxEntries: shape.maxEntries,
    mapFlags: shape.flags | (context.token === undefined ? 0 : TOKEN_FLAG),
    ...(innerMapFd === undefined ? {} : { innerMapFd }),
    ...(spec.numaNode === undefined ? {} : { numaNode: spec.numaNode }),
    ...(spec.extra === undefined ? {} : { mapExtra: spec.extra }),
    ...(made === undefined ? {} : { btfFd: made.fd.number }),
    ...(made === undefined || spec.structOps !== undefined
      ? {}
      : { btfKeyTypeId: made.key, btfValueTypeId: made.value }),
    ...(spec.structOps === undefined ? {} : { btfVmlinuxValueTypeId: structOpsType(spec.structOps) }),
    mapName: objectName(spec.name),
    ...(context.token === undefined ? {} : { mapTokenFd: context.token }),
  };
  const types = typed
    ? { btfFd: context.btfFd, btfKeyTypeId: spec.keyType ?? 0, btfValueTypeId: spec.valueType ?? 0 }
    : {};
  let { result } = bpfTry('mapCreate', { ...base, ...types });
  made?.fd.close();
  // A type that takes no BTF, or takes less of it than its spec says, is as good without.
  if (typed && (result === -EINVAL || result === -ENOTSUPP || result === -E2BIG)) {
    const second = bpfTry('mapCreate', base).result;
    if (second >= 0) result = second;
  }
  // Kernels before 4.15 know no names, and say so by E2BIG for the longer attribute.
  if ((result === -E2BIG || result === -EINVAL) && made === undefined) {
    const { mapName: _, ...nameless } = base;
    const third = bpfTry('mapCreate', nameless).result;
    if (third >= 0) result = third;
  }
  if (result < 0) throw refusedMap(shape, bpfError('mapCreate', -result, `map "${spec.name}"`));
  return Fd.own(result, `map "${spec.name}"`);
}

/** Types for a map that must have some: a descriptor as key, and so many bytes as value. Throws KernelError. */
function plainTypes(
  valueSize: number,
  token: number | undefined,
): { readonly fd: Fd; readonly key: number; readonly value: number } {
  const types = new BtfBuilder();
  const key = types.int('int', 4, 'signed');
  const count = Math.max(valueSize, 1);
  const bytes = types.array(types.int('byte', 1, 'unsigned'), count);
  const value = types.struct('value', count, [{ name: 'bytes', type: bytes, bitOffset: 0 }]);
  return { fd: loadBtf(types.encode({ littleEndian }), token), key, value };
}

/** The kernel's type of the value of a struct_ops map. Throws KernelError (noType). */
function structOpsType(name: string): number {
  const id = vmlinux().find(`bpf_struct_ops_${name}`, 'struct');
  if (id === undefined)
    throw noTarget(`implement struct ${name}`, 'such structure that programs can implement', []);
  return id;
}

/** Writes the first bytes of an array: whole elements, the last filled up with zeros. */
function write(fd: Fd, shape: MapShape, contents: Uint8Array): void {
  const room = shape.valueSize * shape.maxEntries;
  if (contents.length > room) {
    throw badSpec(`map "${shape.name}"`, `contents of ${contents.length} bytes do not fit its ${room}`);
  }
  const call = new ElementCall(fd.number, 4, shape.valueSize);
  const key = new Uint32Array(call.key.buffer, 0, 1);
  for (let at = 0, index = 0; at < contents.length; at += shape.valueSize, index++) {
    key[0] = index;
    call.value.fill(0);
    call.value.set(contents.subarray(at, at + shape.valueSize));
    const result = call.run('mapUpdateElem');
    if (result < 0) throw refusedMap(shape, bpfError('mapUpdateElem', -result, `map "${shape.name}"`));
  }
}
