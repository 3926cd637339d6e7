/** How keys and values become bytes: what typed map handles are made with. */
import { littleEndian } from '../../sys/layout.ts';
import { notPerCpu, wrongSize } from '../errors.ts';

/** A type of fixed size. Both directions work in place, on a view of the map's own buffer. */
export interface Codec<T> {
  /** Bytes. */
  readonly size: number;
  /** Reads one value; must copy what it keeps. */
  decode(view: DataView, offset: number): T;
  /** Writes one value: all `size` bytes of it. */
  encode(value: T, view: DataView, offset: number): void;
}

/** The bytes themselves. A value of another length is a MapError before the kernel sees it. */
export function rawCodec(map: string, what: 'key' | 'value', size: number): Codec<Uint8Array> {
  return {
    size,
    decode: (view, offset) =>
      new Uint8Array(view.buffer.slice(view.byteOffset + offset, view.byteOffset + offset + size)),
    encode: (value, view, offset) => {
      if (value.length !== size) throw wrongSize(map, what, value.length, size);
      new Uint8Array(view.buffer, view.byteOffset + offset, size).set(value);
    },
  };
}

/** A `__u32`. Throws RangeError for a value outside it. */
export const u32Codec: Codec<number> = {
  size: 4,
  decode: (view: DataView, offset: number): number => view.getUint32(offset, littleEndian),
  encode: (value: number, view: DataView, offset: number): void => {
    if (!Number.isInteger(value) || value < 0 || value > 0xffffffff) {
      throw new RangeError(`${value} is not a 32-bit unsigned integer`);
    }
    view.setUint32(offset, value, littleEndian);
  },
};

/** A `__u64`, exact. Throws RangeError for a value outside it. */
export const u64Codec: Codec<bigint> = {
  size: 8,
  decode: (view: DataView, offset: number): bigint => view.getBigUint64(offset, littleEndian),
  encode: (value: bigint, view: DataView, offset: number): void => {
    if (value < 0n || value >> 64n !== 0n) throw new RangeError(`${value} is not a 64-bit unsigned integer`);
    view.setBigUint64(offset, value, littleEndian);
  },
};

/**
 * One value for each possible CPU: the kernel places each at a multiple of 8
 * (kernel/bpf/hashtab.c, bpf_percpu_hash_copy). Arrays shorter or longer than that are a MapError.
 */
export function perCpuCodec<T>(map: string, one: Codec<T>, cpus: number): Codec<T[]> {
  const stride = Math.ceil(one.size / 8) * 8;
  return {
    size: stride * cpus,
    decode: (view, offset) => {
      const values: T[] = [];
      for (let cpu = 0; cpu < cpus; cpu++) values.push(one.decode(view, offset + cpu * stride));
      return values;
    },
    encode: (values, view, offset) => {
      if (values.length !== cpus) throw notPerCpu(map, values.length, cpus);
      // What a value does not fill of its stride would otherwise be the last value's bytes.
      new Uint8Array(view.buffer, view.byteOffset + offset, stride * cpus).fill(0);
      for (let cpu = 0; cpu < cpus; cpu++) one.encode(values[cpu] as T, view, offset + cpu * stride);
    },
  };
}
