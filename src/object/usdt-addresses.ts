/**
 * Where markers are in memory: by that, programs tell the places of one apart on kernels without cookies (before
 * Linux 5.15). `usdt.bpf.h` looks the address of the instruction up in the hash `__bpf_usdt_ip_to_spec_id`, if the
 * object was told that there are no cookies.
 */
import { statSync } from 'node:fs';
import type { ElfFile } from '../elf/file.ts';
import type { UsdtNote } from '../elf/usdt.ts';
import { helperFeature } from '../kernel/feature/features.ts';
import { KeyedMap } from '../kernel/map/keyed.ts';
import type { BpfMap } from '../kernel/map/map.ts';
import { ProgramType } from '../kernel/spec.ts';
import { ProcessMaps } from '../kernel/symbol/process.ts';
import { isFile, type Mapping } from '../symbol/maps.ts';
import { littleEndian } from '../sys/layout.ts';
import type { ObjectSpec } from './spec.ts';

const IDS = '__bpf_usdt_ip_to_spec_id';

/** ET_EXEC: it lies where the file says. */
const FIXED = 2;

const BPF_GET_ATTACH_COOKIE = 174;

/** Whether programs of the object ask for cookies: what `LINUX_HAS_BPF_COOKIE` was answered, or what the kernel has. */
export function usesCookies(spec: ObjectSpec, maps: ReadonlyMap<string, BpfMap>): boolean {
  const asked = spec.externs.find(({ name, kind }) => kind === 'kconfig' && name === 'LINUX_HAS_BPF_COOKIE');
  const kconfig = spec.maps.find(({ data }) => data?.kind === 'kconfig');
  const map = kconfig === undefined ? undefined : maps.get(kconfig.name);
  if (asked?.offset !== undefined && map instanceof KeyedMap) {
    const value: unknown = map.get(0);
    if (value instanceof Uint8Array) return value[asked.offset] !== 0;
  }
  return helperFeature(BPF_GET_ATTACH_COOKIE, ProgramType.kprobe).answer !== 'no';
}

/** What keeps an address from being known, in a clause. */
export type Unknown = string;

/** The address of a marker in a process; a program that lies where its file says has the same in all. */
export function markerAddress(
  file: ElfFile,
  path: string,
  note: UsdtNote,
  pid: number | undefined,
): bigint | Unknown {
  if (file.header.type === FIXED) return note.address;
  if (pid === undefined) {
    return 'this kernel has no cookies (Linux 5.15), so where a position-independent file lies has to be known: say the process (pid)';
  }
  const maps = ProcessMaps.read(pid);
  if (maps === undefined) return `there is no process ${pid}, or it may not be looked at`;
  const offset = note.fileOffset!;
  const { ino } = statSync(path, { bigint: true });
  const found = maps.mappings.find(
    (mapping) =>
      mapping.executable &&
      isOf(mapping, ino, path) &&
      mapping.offset <= offset &&
      BigInt(offset - mapping.offset) < mapping.end - mapping.start,
  );
  if (found === undefined) return `process ${pid} has not mapped ${path}`;
  return found.start + BigInt(offset - found.offset);
}

/** By its number; the device is another in some file systems (btrfs, overlayfs), so the path may say it as well. */
function isOf(mapping: Mapping, inode: bigint, path: string): boolean {
  return isFile(mapping) && (mapping.inode === inode || Buffer.from(mapping.path).toString() === path);
}

/** The hash of an object: addresses and the numbers of the entries that describe them. */
export class AddressTable {
  readonly #map: KeyedMap<Uint8Array, Uint8Array>;

  private constructor(map: KeyedMap<Uint8Array, Uint8Array>) {
    this.#map = map;
  }

  /** Undefined for an object that was not made with `usdt.bpf.h`. */
  static of(maps: ReadonlyMap<string, BpfMap>): AddressTable | undefined {
    const map = maps.get(IDS);
    if (!(map instanceof KeyedMap) || map.keySize !== 8 || map.valueSize !== 4) return undefined;
    return new AddressTable(map.withCodecs(bytes(8), bytes(4)));
  }

  /** Throws MapError where it is full (BPF_USDT_MAX_IP_CNT). */
  set(address: bigint, number: number): void {
    const value = new Uint8Array(4);
    new DataView(value.buffer).setUint32(0, number, littleEndian);
    this.#map.set(keyOf(address), value);
  }

  delete(address: bigint): void {
    this.#map.delete(keyOf(address));
  }
}

function keyOf(address: bigint): Uint8Array {
  const key = new Uint8Array(8);
  new DataView(key.buffer).setBigUint64(0, address, littleEndian);
  return key;
}

/** Bytes as they are. */
export function bytes(size: number): ConstructorParameters<typeof KeyedMap<Uint8Array, Uint8Array>>[3] {
  return {
    size,
    decode: (view, offset) => new Uint8Array(view.buffer, view.byteOffset + offset, size).slice(),
    encode: (value, view, offset) => new Uint8Array(view.buffer, view.byteOffset + offset, size).set(value),
  };
}
