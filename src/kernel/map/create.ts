/** From a map's spec to a map in the kernel. */
import { constants } from 'node:os';
import { bpf, bpfError, bpfTry, ElementCall } from '../../sys/bpf.ts';
import { Fd } from '../../sys/fd.ts';
import { pageSize } from '../../sys/memory.ts';
import { possibleCpus } from '../cpus.ts';
import { badSpec } from '../errors.ts';
import { objectName } from '../names.ts';
import type { MapSpec } from '../spec.ts';
import { MapType } from '../spec.ts';
import { MapFlag, mapKind } from './kind.ts';
import type { MapShape } from './map.ts';
import { refusedMap } from './refusal.ts';

const { EINVAL, E2BIG } = constants.errno;
const ENOTSUPP = 524;

/** What a map's creation may use besides its spec. */
export interface CreateContext {
  /** Descriptor of the collection's BTF. */
  readonly btfFd?: number | undefined;
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
    if (maxEntries === 0) throw badSpec(what, 'a ring buffer needs a size in bytes (maxEntries)');
    const rounded = ringSize(maxEntries);
    if (rounded > 0x80000000) throw badSpec(what, `a ring buffer of ${maxEntries} bytes is over 2 GiB`);
    // The types of records are the programs' business: the kernel wants sizes of 0.
    return { name: spec.name, type: spec.type, keySize: 0, valueSize: 0, maxEntries: rounded, flags };
  }
  if (kind.indexed === true && keySize !== 4) {
    throw badSpec(what, `the key of a ${kind.name} is an index of 4 bytes, not of ${keySize}`);
  }
  if (kind.access === 'descriptors' && valueSize !== 4) {
    if (valueSize !== 0) throw badSpec(what, `the value of a ${kind.name} is a descriptor of 4 bytes`);
    valueSize = 4;
  }
  if (kind.access === 'queue' && keySize !== 0) throw badSpec(what, `a ${kind.name} has no keys`);
  if (kind.access === 'stacks' && (keySize !== 4 || valueSize % 8 !== 0)) {
    throw badSpec(what, 'a stack trace map has keys of 4 bytes and values of 8 bytes a frame');
  }
  const storage =
    spec.type === MapType.socketStorage ||
    spec.type === MapType.inodeStorage ||
    spec.type === MapType.taskStorage ||
    spec.type === MapType.cgroupLocalStorage;
  if (storage && maxEntries !== 0) maxEntries = 0;
  const counted = !storage && kind.access !== 'none' && spec.type !== MapType.cgroupStorage;
  if (counted && spec.type !== MapType.perCpuCgroupStorage && maxEntries === 0) {
    throw badSpec(what, 'maxEntries is 0');
  }
  if (kind.access === 'keyed' && valueSize === 0) throw badSpec(what, 'values have no size');
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
    if (spec.contents !== undefined) write(fd, shape, spec.contents);
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
  const base = {
    mapType: shape.type,
    keySize: shape.keySize,
    valueSize: shape.valueSize,
    maxEntries: shape.maxEntries,
    mapFlags: shape.flags,
    ...(innerMapFd === undefined ? {} : { innerMapFd }),
    mapName: objectName(spec.name),
  };
  const types = typed
    ? { btfFd: context.btfFd, btfKeyTypeId: spec.keyType ?? 0, btfValueTypeId: spec.valueType ?? 0 }
    : {};
  let { result } = bpfTry('mapCreate', { ...base, ...types });
  // A type that takes no BTF, or takes less of it than its spec says, is as good without.
  if (typed && (result === -EINVAL || result === -ENOTSUPP || result === -E2BIG)) {
    const second = bpfTry('mapCreate', base).result;
    if (second >= 0) result = second;
  }
  // Kernels before 4.15 know no names, and say so by E2BIG for the longer attribute.
  if (result === -E2BIG || result === -EINVAL) {
    const { mapName: _, ...nameless } = base;
    const third = bpfTry('mapCreate', nameless).result;
    if (third >= 0) result = third;
  }
  if (result < 0) throw refusedMap(shape, bpfError('mapCreate', -result, `map "${spec.name}"`));
  return Fd.own(result, `map "${spec.name}"`);
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
