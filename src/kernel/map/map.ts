/** The handle that every map has, whatever its type. */
import { constants } from 'node:os';
import { bpf, bpfError, bpfFd, bpfTry } from '../../sys/bpf.ts';
import { mapInfoFields, objectInfo } from '../../sys/bpf-info.ts';
import type { Fd } from '../../sys/fd.ts';
import { cString } from '../../sys/file.ts';
import { Mapping, Protection, pageSize } from '../../sys/memory.ts';
import { noSuchOperation } from '../errors.ts';
import { nameText } from '../names.ts';
import { MapFlag, type MapKind, mapKind } from './kind.ts';

/** What the kernel knows about a map. */
export interface MapInfo {
  readonly id: number;
  /** MapType, or a newer number. */
  readonly type: number;
  readonly name: string;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly flags: number;
  readonly btfId: number;
  /** Types of key and value in that BTF; 0 for none. */
  readonly keyType: number;
  readonly valueType: number;
  /** Type of the value in the kernel's BTF: of struct_ops. */
  readonly kernelValueType: number;
  /** `map_extra`: hash functions of a bloom filter, address of an arena. Linux 5.16. */
  readonly extra: number;
}

/** Asks the kernel about the map behind a descriptor. Linux 4.13. Throws SysError. */
export function mapInfo(fd: number): MapInfo {
  const info = objectInfo(fd, mapInfoFields);
  return {
    id: info.number('id'),
    type: info.number('type'),
    name: nameText(info.raw('name')),
    keySize: info.number('keySize'),
    valueSize: info.number('valueSize'),
    maxEntries: info.number('maxEntries'),
    flags: info.number('mapFlags'),
    btfId: info.number('btfId'),
    keyType: info.number('btfKeyTypeId'),
    valueType: info.number('btfValueTypeId'),
    kernelValueType: info.number('btfVmlinuxValueTypeId'),
    extra: Number(info.bigint('mapExtra')),
  };
}

/** Shape of a map as handles need it: from a spec, or from the kernel. */
export interface MapShape {
  /** The spec's name, which may be longer than the kernel's. */
  readonly name: string;
  readonly type: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly flags: number;
}

/**
 * A map, owned: close() gives its descriptor back, and the kernel frees the map when nothing else
 * refers to it. Two handles may share a descriptor (see `withCodecs`); closing one closes it for both.
 */
export class BpfMap {
  readonly fd: Fd;
  readonly name: string;
  readonly type: number;
  /** Bytes. */
  readonly keySize: number;
  /** Bytes of one value; of one CPU's in a per-CPU map. */
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly flags: number;

  constructor(fd: Fd, shape: MapShape) {
    this.fd = fd;
    this.name = shape.name;
    this.type = shape.type;
    this.keySize = shape.keySize;
    this.valueSize = shape.valueSize;
    this.maxEntries = shape.maxEntries;
    this.flags = shape.flags;
  }

  get kind(): MapKind {
    return mapKind(this.type);
  }

  /** `map "events"`, for messages. */
  get subject(): string {
    return `map "${this.name}"`;
  }

  /** Asks the kernel. Linux 4.13. Throws SysError. */
  info(): MapInfo {
    return mapInfo(this.fd.number);
  }

  /** No more writes by system call, for good; programs still may, unless made read-only for them. Linux 5.2. */
  freeze(): void {
    bpf('mapFreeze', { mapFd: this.fd.number }, this.subject);
  }

  /** Gives the map a path in a bpf file system, where it lives on after close(). Throws SysError. */
  pin(path: string): void {
    bpf('objPin', { pathname: cString(path), bpfFd: this.fd.number }, `${this.subject} at ${path}`);
  }

  /**
   * Maps the values of an array made with MapFlag.mmapable: element i begins at i * roundup(valueSize, 8).
   * Linux 5.5. The caller closes the mapping. A frozen map can only be mapped without `write`.
   */
  mmap(options: { readonly write?: boolean } = {}): Mapping {
    if ((this.flags & MapFlag.mmapable) === 0) {
      throw noSuchOperation(this.name, 'mapping into memory', `${this.kind.name} without BPF_F_MMAPABLE`);
    }
    const stride = Math.ceil(this.valueSize / 8) * 8;
    const page = pageSize();
    const size = Math.ceil((stride * this.maxEntries) / page) * page;
    const protection = Protection.read | (options.write === true ? Protection.write : 0);
    return Mapping.of(this.fd.number, size, { protection, subject: this.subject });
  }

  /** Closes the descriptor; again and again without effect. */
  close(): void {
    this.fd.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** Opens a pinned map by its path: only the descriptor. Throws SysError. */
export function openPinned(path: string): Fd {
  return bpfFd('objGet', { pathname: cString(path) }, path);
}

/** Opens a map by its id: only the descriptor. Linux 4.13; asks for CAP_SYS_ADMIN. Throws SysError. */
export function openMapById(id: number): Fd {
  return bpfFd('mapGetFdById', { id }, `map with id ${id}`);
}

/** Ids of all maps of the machine, ascending. Linux 4.13; asks for CAP_SYS_ADMIN. Throws SysError. */
export function* mapIds(): Generator<number, void, undefined> {
  let id = 0;
  for (;;) {
    const { result, attr } = bpfTry('mapGetNextId', { id, nextId: 0 });
    if (result === -constants.errno.ENOENT) return;
    if (result < 0) throw bpfError('mapGetNextId', -result);
    id = attr.number('nextId');
    yield id;
  }
}
