/**
 * Where XDP programs send packets: values of devmaps (an interface) and cpumaps (a queue of a CPU), each with a
 * program that sees the packet there (Linux 5.8, 5.9). Written with the program's descriptor, read with its id.
 */
import { littleEndian } from '../../sys/layout.ts';
import type { AttachableProgram } from '../link/link.ts';
import { MapType } from '../spec.ts';
import type { Codec } from './codec.ts';

/** `struct bpf_devmap_val`. */
export interface DeviceTarget {
  /** Number of the interface. */
  readonly interface: number;
  /** A program loaded for `AttachType.xdpDevmap`; only with values of 8 bytes. When read: its id. */
  readonly program?: AttachableProgram | number | undefined;
}

/** `struct bpf_cpumap_val`. */
export interface CpuTarget {
  /** Packets that may wait. */
  readonly queueSize: number;
  /** A program loaded for `AttachType.xdpCpumap`; only with values of 8 bytes. When read: its id. */
  readonly program?: AttachableProgram | number | undefined;
}

/** What a codec reads and writes, by the name of its number. */
function codec<T extends { readonly program?: AttachableProgram | number | undefined }>(
  size: number,
  get: (value: T) => number,
  make: (number: number, program: number | undefined) => T,
): Codec<T> {
  return {
    size,
    decode: (view, offset) => {
      const program = size >= 8 ? view.getUint32(offset + 4, littleEndian) : 0;
      return make(view.getUint32(offset, littleEndian), program === 0 ? undefined : program);
    },
    encode: (value, view, offset) => {
      const { program } = value;
      view.setUint32(offset, get(value), littleEndian);
      if (size < 8) {
        if (program !== undefined) throw new RangeError('a value of 4 bytes has no room for a program');
        return;
      }
      // 0 is "none" to the kernel as well as -1: descriptors begin at 3 here.
      const fd = program === undefined ? -1 : typeof program === 'number' ? program : program.fd.number;
      view.setInt32(offset + 4, fd, littleEndian);
    },
  };
}

/** Values of a devmap or devmap hash, of 4 or 8 bytes. */
export function deviceCodec(size: number): Codec<DeviceTarget> {
  return codec<DeviceTarget>(
    size,
    (value) => value.interface,
    (number, program) => ({ interface: number, ...(program === undefined ? {} : { program }) }),
  );
}

/** Values of a cpumap, of 4 or 8 bytes. */
export function cpuCodec(size: number): Codec<CpuTarget> {
  return codec<CpuTarget>(
    size,
    (value) => value.queueSize,
    (queueSize, program) => ({ queueSize, ...(program === undefined ? {} : { program }) }),
  );
}

/** The codec for a map type whose values are targets. */
export function redirectCodec(
  type: number,
  size: number,
): Codec<DeviceTarget> | Codec<CpuTarget> | undefined {
  if (type === MapType.devmap || type === MapType.devmapHash) return deviceCodec(size);
  return type === MapType.cpumap ? cpuCodec(size) : undefined;
}

/**
 * Whether values hold a program: they are written with its descriptor and read with its id, which the C type
 * (`struct bpf_devmap_val`) says nothing of.
 */
export function holdsProgram(type: number, size: number): boolean {
  return size >= 8 && redirectCodec(type, size) !== undefined;
}

/** Keys of an LPM trie: `bits` of an address, which has the rest of the key's size. */
export interface Prefix {
  readonly bits: number;
  readonly address: Uint8Array;
}

/** `struct bpf_lpm_trie_key_u8` with addresses of `bytes` bytes: 4 for IPv4, 16 for IPv6. */
export function prefixCodec(bytes: number): Codec<Prefix> {
  return {
    size: 4 + bytes,
    decode: (view, offset) => ({
      bits: view.getUint32(offset, littleEndian),
      address: new Uint8Array(view.buffer, view.byteOffset + offset + 4, bytes).slice(),
    }),
    encode: ({ bits, address }, view, offset) => {
      if (address.length !== bytes)
        throw new RangeError(`an address has ${bytes} bytes, not ${address.length}`);
      if (bits > bytes * 8) throw new RangeError(`a prefix of ${bits} bits is longer than the address`);
      view.setUint32(offset, bits, littleEndian);
      new Uint8Array(view.buffer, view.byteOffset + offset + 4, bytes).set(address);
    },
  };
}
